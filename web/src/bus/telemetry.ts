/** Messages of TELEMETRY and of replays: rows of one packet type as columns (see streams/telemetry.py). */

import { parseExact } from "./exactJson";

export type Value = number | bigint | string | boolean | null;

export interface TelemetryMessage {
  table: string;
  rows: number;
  columns: Record<string, Value | Value[]>;
}

const decoder = new TextDecoder();

/** Read a message; null when it is none, which is nobody's reason to stop. */
export function readTelemetry(data: Uint8Array): TelemetryMessage | null {
  try {
    const message = parseExact(decoder.decode(data)) as TelemetryMessage | null;
    return message && fits(message) ? message : null;
  } catch {
    return null;
  }
}

/** Several rows differ in something: a message that only says that it has many of them has none. */
function fits({ table, rows, columns }: TelemetryMessage): boolean {
  if (typeof table !== "string" || !Number.isInteger(rows) || typeof columns !== "object" || columns === null) return false;
  const lists = Object.values(columns).filter((values) => Array.isArray(values));
  return rows > 0 && lists.every((values) => values.length === rows) && (rows === 1 || lists.length > 0);
}

/** The value of a column in one row (default: the last); undefined where the column is missing. */
export function valueAt(message: TelemetryMessage, column: string, row = message.rows - 1): Value | undefined {
  const values = message.columns[column];
  return Array.isArray(values) ? values[row] : values;
}

/** A number that JSON may have as a text: NaN, Infinity, -Infinity; null for anything else. */
export function asNumber(value: Value | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  return null;
}

/** Nanoseconds since 1970 as ms, exact to the microsecond; NaN for what is no time. */
export function milliseconds(ns: Value | undefined): number {
  if (typeof ns === "bigint") return Number(ns / 1000n) / 1000;
  return typeof ns === "number" ? ns / 1e6 : Number.NaN;
}
