import { useMemo, useRef, useState } from "react";
import type { Board } from "../model/board";
import { moved, rangeOf, zoomed, type PlotWindow } from "../model/plotWindow";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import type { Range } from "../model/timeBar";
import type { Place } from "./chart";
import { PlotLegend } from "./PlotLegend";
import { PlotSource } from "./plotSource";
import { PlotTools } from "./PlotTools";
import { picksAt, type Pick } from "./picks";
import { useChart } from "./useChart";

interface Props {
  board: Board;
  keys: readonly string[];
  window: PlotWindow;
  onWindow: (window: PlotWindow) => void;
  onRemove?: (key: string) => void;
  height: number;
}

/** Several parameters over time, history and live in one; by pointer, by keyboard, or by its buttons. */
export function PlotView({ board, keys, window, onWindow, onRemove, height }: Props) {
  const session = useSession();
  const { feed, bus, clock, panel } = session;
  const source = useMemo(() => new PlotSource(bus, feed, clock, board), [bus, feed, clock, board]);
  const place = useRef<HTMLDivElement>(null);
  const [crossed, setCrossed] = useState<number | null>(null);
  /** What the keyboard stopped at last: history that comes meanwhile must not put another sample in its place. */
  const [stopped, setStopped] = useState<readonly Pick[]>([]);
  const trouble = useStore(source.trouble);

  const range = () => rangeOf(window, source.head(keys));
  const openOrigin = (pick: Pick | undefined) => {
    const parameter = pick && board.catalog.get(pick.key);
    if (!pick || !parameter) return;
    const { packet, label } = parameter;
    const { generation } = board.catalog;
    panel.set({ kind: "origin", packet, parameter: label, generation, frameOffset: pick.point.frameOffset });
  };

  const chart = useChart({
    place,
    source,
    keys,
    range,
    height,
    window,
    crossed,
    events: {
      onPoint: setCrossed,
      onSelect: (selected: Range) => onWindow({ kind: "fixed", ...selected }),
      onClick: (time, top) => {
        const picks = picksAt(source, keys, time);
        openOrigin(nearestTo(picks, chart.current?.places(picks) ?? [], top));
      },
      onWheel: (time, up) => onWindow(zoomed(range(), up ? 0.7 : 1 / 0.7, time)),
    },
  });

  /** Move the crosshair to the next or the previous sample of the first series. */
  function step(direction: 1 | -1) {
    const { from, to } = range();
    const points = source.of(keys[0] ?? "").between(from, to);
    const last = crossed ?? stopped[0]?.point.time; // a pointer that leaves takes the crosshair, not the place
    const at = last !== undefined && last >= from && last <= to ? last : direction > 0 ? from - 1 : to + 1;
    const next = direction > 0 ? points.find((each) => each.time > at + 1e-6) : points.findLast((each) => each.time < at - 1e-6);
    if (!next) return;
    setCrossed(next.time);
    setStopped(picksAt(source, keys, next.time));
  }

  function onKeyDown(event: React.KeyboardEvent) {
    const actions: Record<string, () => void> = {
      ArrowRight: () => (event.shiftKey ? onWindow(moved(range(), 0.25)) : step(1)),
      ArrowLeft: () => (event.shiftKey ? onWindow(moved(range(), -0.25)) : step(-1)),
      "+": () => onWindow(zoomed(range(), 0.5, crossed ?? undefined)),
      "-": () => onWindow(zoomed(range(), 2, crossed ?? undefined)),
      Enter: () => crossed !== null && openOrigin(stopped[0]?.point.time === crossed ? stopped[0] : picksAt(source, keys, crossed)[0]),
      Escape: () => {
        setCrossed(null);
        setStopped([]);
      },
    };
    const action = event.target === event.currentTarget ? actions[event.key] : undefined;
    if (!action) return;
    event.preventDefault();
    action();
  }

  return (
    <figure className="plot">
      <PlotTools
        keys={keys}
        range={range}
        source={source}
        window={window}
        onWindow={onWindow}
        canvas={() => chart.current?.canvas ?? null}
      />
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      <div
        ref={place}
        className="plot-area"
        role="application"
        aria-label={`Plot of ${keys.join(", ") || "nothing yet"}`}
        aria-description="Arrows move from sample to sample, with Shift in time; plus and minus zoom; Enter shows the origin"
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      <p className="unseen" role="status">
        {stopped.map((pick) => pick.text).join("; ")}
      </p>
      <PlotLegend board={board} source={source} keys={keys} crossed={crossed} onRemove={onRemove} />
    </figure>
  );
}

/** The pick whose place is nearest to a height. */
function nearestTo(picks: readonly Pick[], places: readonly Place[], top: number): Pick | undefined {
  const distances = places.map((place) => Math.abs(place.top - top));
  return picks[distances.indexOf(Math.min(...distances))];
}
