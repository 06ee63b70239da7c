/** Values, ages and times as people read them. */

import { asNumber, type Value } from "../bus/telemetry";

export const NOTHING = "–";

/** A value in at most seven significant digits; texts, and integers of any size, as they are. */
export function shown(value: Value | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "boolean") return value ? "true" : "false";
  const number = asNumber(value);
  if (number === null || !Number.isFinite(number)) return String(value);
  const size = Math.abs(number);
  if (typeof value === "bigint" || (Number.isInteger(number) && size < 1e15)) return String(value);
  return size >= 1e7 || size < 1e-4 ? number.toExponential(4) : String(Number(number.toPrecision(7)));
}

/** A value with all its digits. */
export function exact(value: Value | undefined): string {
  return value === null || value === undefined ? NOTHING : String(value);
}

/** An age in seconds as `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function age(seconds: number): string {
  if (!Number.isFinite(seconds)) return NOTHING;
  if (seconds < -0.5) return "ahead";
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A time (ms since 1970) in UTC, to the millisecond, or with more decimals to the microsecond. */
export function utc(ms: number, decimals: 0 | 3 | 6 = 3): string {
  const text = iso(ms);
  if (text === "") return NOTHING;
  const [date, time] = text.slice(0, -1).split("T") as [string, string];
  return `${date} ${time.slice(0, decimals === 0 ? 8 : 9 + decimals)} UTC`;
}

/** A time (ms since 1970) as ISO 8601 to the microsecond, as requests take it; empty for none. */
export function iso(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "";
  const whole = Math.floor(ms);
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  return new Date(whole).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

/** ISO 8601 with any number of decimals, UTC where it names no zone, as ms since 1970; NaN for anything else. */
export function fromIso(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/.exec(text.trim());
  if (!parts) return Number.NaN;
  const [, day, time = "00:00:00", decimals = "", zone = "Z"] = parts;
  const whole = Date.parse(`${day}T${time}${zone === "UTC" ? "Z" : zone}`);
  return whole + Math.floor(Number(`0${decimals}`) * 1e6 + 1e-6) / 1000;
}

/** A number of bytes or rows with thin spaces between thousands. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}
