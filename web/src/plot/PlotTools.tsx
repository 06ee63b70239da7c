import { useState } from "react";
import { words } from "../bus/ask";
import { csv } from "../model/csv";
import { iso } from "../model/format";
import { loadSamples } from "../model/history";
import { moved, zoomed, type PlotWindow } from "../model/plotWindow";
import { useSession } from "../model/session";
import type { Range } from "../model/timeBar";
import { coloursAt } from "./colours";
import { download, plotPicture } from "./files";
import type { PlotSource } from "./plotSource";

interface Props {
  keys: readonly string[];
  range: () => Range;
  source: PlotSource;
  window: PlotWindow;
  onWindow: (window: PlotWindow) => void;
  canvas: () => HTMLCanvasElement | null;
}

const LAST: readonly (readonly [string, number])[] = [
  ["10 s", 10],
  ["1 min", 60],
  ["10 min", 600],
  ["1 h", 3600],
];
const MOST_SAMPLES = 1_000_000;
const HEAD = ["parameter", "time", "received", "recorded", "value", "raw", "frame_offset", "packet_index", "link", "session", "generation"] as const;

/** Which stretch a plot shows, and what can be taken out of it as a file. */
export function PlotTools({ keys, range, source, window, onWindow, canvas }: Props) {
  const { bus } = useSession();
  const [note, setNote] = useState("");

  async function work(doing: () => Promise<string>) {
    setNote("…");
    setNote(await doing().catch(words));
  }

  async function showAll() {
    const whole = await source.whole(keys);
    if (whole) onWindow({ kind: "fixed", ...whole });
    return whole ? "" : "there are no samples";
  }

  async function saveCsv() {
    const { from, to } = range();
    const rows = await loadSamples(bus, keys, MOST_SAMPLES, source.scope({ from, to }));
    const named = rows.map((row) => ({ ...row, parameter: `${row.packet}.${row.parameter}` }));
    const text = csv(HEAD, named.map((row) => HEAD.map((name) => row[name])));
    download(new Blob([text], { type: "text/csv" }), `${fileName(from)}.csv`);
    return `${rows.length} samples saved`;
  }

  async function savePng() {
    const drawn = canvas();
    if (!drawn) return "there is nothing to save";
    const place = drawn.parentElement ?? document.body;
    download(await plotPicture(drawn, keys, coloursAt(place)), `${fileName(range().from)}.png`);
    return "picture saved";
  }

  return (
    <div className="tools" role="group" aria-label="Stretch of time">
      {LAST.map(([name, seconds]) => (
        <button
          key={seconds}
          aria-pressed={window.kind === "last" && window.seconds === seconds}
          onClick={() => onWindow({ kind: "last", seconds })}
        >
          {name}
        </button>
      ))}
      <button onClick={() => void work(showAll)}>All</button>
      <span>
        <button className="quiet" aria-label="Earlier" onClick={() => onWindow(moved(range(), -0.5))}>
          ◀
        </button>
        <button className="quiet" aria-label="Zoom out" onClick={() => onWindow(zoomed(range(), 2))}>
          −
        </button>
        <button className="quiet" aria-label="Zoom in" onClick={() => onWindow(zoomed(range(), 0.5))}>
          +
        </button>
        <button className="quiet" aria-label="Later" onClick={() => onWindow(moved(range(), 0.5))}>
          ▶
        </button>
      </span>
      <button disabled={keys.length === 0} onClick={() => void work(saveCsv)}>
        CSV
      </button>
      <button disabled={keys.length === 0} onClick={() => void work(savePng)}>
        PNG
      </button>
      <span role="status" className="hint">
        {note}
      </span>
    </div>
  );
}

function fileName(from: number): string {
  return `flight-ledger-${iso(from).slice(0, 19).replaceAll(":", "")}`;
}
