/** Times that a person writes: a time in UTC, or seconds from now. */

import { fromIso, iso } from "./format";

/** The time for a request; undefined for an empty field. Throws for what is no time; `now` in ms since 1970. */
export function momentOf(text: string, now: number): string | undefined {
  const given = text.trim();
  if (given === "") return undefined;
  const seconds = /^\+(\d+(?:\.\d+)?)$/.exec(given)?.[1];
  const time = seconds === undefined ? fromIso(given) : now + Number(seconds) * 1000;
  if (Number.isNaN(time)) throw new Error(`${given} is not a time: write 2026-05-01 12:00:00 (UTC), or +30 for seconds from now`);
  return iso(time);
}
