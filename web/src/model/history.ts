/** The history of a parameter, as many points as a plot has pixels: the database chooses them. */

import { askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { asNumber, type Value } from "../bus/telemetry";
import { fromIso, iso } from "./format";
import type { Point } from "./series";

export interface HistoryScope {
  /** ms since 1970; without one the history has no bound on that side. */
  from?: number;
  to?: number;
  as_of?: string;
  generation?: string;
}

/** One bucket of `query.history` with `points`. */
interface Bucket {
  min: Value;
  max: Value;
  last: Value;
  last_time: string;
  last_frame_offset: number;
}

/** One sample: what is no number (a label, a text) comes so in any case. */
export interface HistorySample {
  parameter: string;
  packet: string;
  time: string;
  generated: string | null;
  received: string;
  recorded: string;
  value: Value;
  raw: Value;
  frame_offset: number;
  packet_index: number;
  link: string;
  session: string;
  generation: string;
}

const MOST_SAMPLES = 50_000;

export async function loadHistory(bus: Bus, key: string, points: number, scope: HistoryScope): Promise<Point[]> {
  const request = { parameters: [key], points, limit: MOST_SAMPLES, ...asked(scope) };
  return (await askRows<Bucket | HistorySample>(bus, "query.history", request)).map(pointOf);
}

/** All samples of parameters, for a file. */
export async function loadSamples(bus: Bus, keys: readonly string[], limit: number, scope: HistoryScope): Promise<HistorySample[]> {
  return askRows<HistorySample>(bus, "query.history", { parameters: keys, limit, ...asked(scope) });
}

function asked({ from, to, ...others }: HistoryScope): object {
  return { ...others, from: from === undefined ? undefined : iso(from), to: to === undefined ? undefined : iso(to) };
}

/** A bucket stands where its last sample stands; a label is drawn at its raw number. */
export function pointOf(row: Bucket | HistorySample): Point {
  if ("last_time" in row) {
    const value = asNumber(row.last) ?? Number.NaN;
    return {
      time: fromIso(row.last_time),
      value,
      min: asNumber(row.min) ?? value,
      max: asNumber(row.max) ?? value,
      exact: row.last,
      frameOffset: row.last_frame_offset,
    };
  }
  return pointAt(fromIso(row.time), row.value, row.raw, row.frame_offset);
}

/** One sample as a point. */
export function pointAt(time: number, exact: Value, raw: Value, frameOffset: number): Point {
  const value = asNumber(exact) ?? asNumber(raw) ?? Number.NaN;
  return { time, value, min: value, max: value, exact, frameOffset };
}
