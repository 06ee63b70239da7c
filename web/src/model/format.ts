/** Values, ages and times as people read them. */

import { asNumber, type Value } from "../bus/telemetry";

/** A value in at most seven significant digits; texts as they are. */
export function shown(value: Value | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "true" : "false";
  const number = asNumber(value);
  if (number === null || !Number.isFinite(number)) return String(value);
  if (Number.isInteger(number)) return String(value);
  const size = Math.abs(number);
  return size >= 1e7 || size < 1e-4 ? number.toExponential(4) : String(Number(number.toPrecision(7)));
}

/** An age in seconds as `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function age(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0) return "ahead";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A time (ms since 1970) in UTC, to the millisecond. */
export function utc(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC") : "–";
}

/** ISO 8601 with nine decimals, or any other the browser reads, as ms since 1970. */
export function fromIso(text: string): number {
  return Date.parse(text.replace(/(\.\d{3})\d*/, "$1"));
}
