import { useState } from "react";
import type { Board } from "../model/board";
import type { Widget } from "../model/dashboards";
import type { PlotWindow } from "../model/plotWindow";
import { ValueTable } from "../parts/ValueTable";
import { PlotView } from "../plot/PlotView";

const PLOT_HEIGHT = 240;

/** One part of a dashboard: values, or a plot whose stretch each page has for itself. */
export function WidgetView({ board, widget }: { board: Board; widget: Widget }) {
  if (widget.kind === "plot") return <PlotWidget board={board} widget={widget} />;
  return <ValueTable board={board} keys={widget.parameters} caption={widget.title || "values"} />;
}

function PlotWidget({ board, widget }: { board: Board; widget: Extract<Widget, { kind: "plot" }> }) {
  const [chosen, setChosen] = useState<PlotWindow | null>(null);
  const window = chosen ?? { kind: "last", seconds: widget.seconds };
  return <PlotView board={board} keys={widget.parameters} window={window} onWindow={setChosen} height={PLOT_HEIGHT} />;
}
