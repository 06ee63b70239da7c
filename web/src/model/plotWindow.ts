/** Which stretch of time a plot shows: the last seconds, following what comes, or a fixed one. */

import { fromIso, iso } from "./format";
import type { Changes } from "./route";
import type { Range } from "./timeBar";

export type PlotWindow = { kind: "last"; seconds: number } | ({ kind: "fixed" } & Range);

export const DEFAULT_WINDOW: PlotWindow = { kind: "last", seconds: 60 };
const SHORTEST_MS = 1;
/** A thousand years: beyond that there are no times that a request can name. */
const LONGEST_MS = 3.2e13;

/** The stretch itself; `head` is the time of the newest that could be shown. */
export function rangeOf(window: PlotWindow, head: number): Range {
  return window.kind === "fixed" ? window : { from: head - window.seconds * 1000, to: head };
}

/** `factor` < 1 shows less, > 1 more; the moment `around` stays where it is. */
export function zoomed(range: Range, factor: number, around = (range.from + range.to) / 2): PlotWindow {
  const length = range.to - range.from;
  const bounded = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, length * factor)) / length;
  return { kind: "fixed", from: around - (around - range.from) * bounded, to: around + (range.to - around) * bounded };
}

/** By a part of its length, to later times if `part` is positive. */
export function moved(range: Range, part: number): PlotWindow {
  const by = (range.to - range.from) * part;
  return { kind: "fixed", from: range.from + by, to: range.to + by };
}

/** A little more on both sides, so that a small move needs no question. */
export function padded(range: Range, part = 0.25): Range {
  const by = (range.to - range.from) * part;
  return { from: range.from - by, to: range.to + by };
}

export function windowOf(args: URLSearchParams): PlotWindow {
  const [from, to] = [fromIso(args.get("from") ?? ""), fromIso(args.get("to") ?? "")];
  if (from < to) return { kind: "fixed", from, to };
  const seconds = Number(args.get("last"));
  return seconds > 0 ? { kind: "last", seconds } : DEFAULT_WINDOW;
}

export function windowArgs(window: PlotWindow): Changes {
  if (window.kind === "last") return { last: String(window.seconds), from: null, to: null };
  return { last: null, from: iso(window.from), to: iso(window.to) };
}
