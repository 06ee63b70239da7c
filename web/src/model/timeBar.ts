/** The time bar's range, and where a time stands in it. */

import type { RecordingSession } from "./operations";

export interface Range {
  from: number;
  to: number;
}

const LEAST_MS = 1000;

/** From the first recording to now; the last hour where nothing was recorded yet. */
export function wholeRange(sessions: readonly RecordingSession[], now: number): Range {
  const first = Math.min(...sessions.map((each) => each.opened), Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? { from: first, to: Math.max(now, first + LEAST_MS) } : { from: now - 3_600_000, to: now };
}

/** A session's own range; an open one goes to now. */
export function sessionRange(session: RecordingSession, now: number): Range {
  return { from: session.opened, to: Math.max(session.closed ?? now, session.opened + LEAST_MS) };
}

/** Where a time stands in a range, from 0 to 1. */
export function placeIn(range: Range, time: number): number {
  return Math.min(1, Math.max(0, (time - range.from) / (range.to - range.from)));
}

/** The ranges' part of a session, as start and width from 0 to 1; null where it lies outside. */
export function bandIn(range: Range, session: RecordingSession, now: number): { start: number; width: number } | null {
  const { from, to } = sessionRange(session, now);
  if (to < range.from || from > range.to) return null;
  const start = placeIn(range, from);
  return { start, width: Math.max(placeIn(range, to) - start, 0.002) };
}
