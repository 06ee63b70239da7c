/** Telemetry's values in the form in which the query service answers them: times as ISO 8601, bytes as hex. */

import { milliseconds, type Value } from "../bus/telemetry";
import { iso } from "./format";

/** `type` is Arrow's name of the column's type. */
export function asAnswered(type: string, value: Value): Value {
  if (value === null) return null;
  if (type.startsWith("binary") && typeof value === "string") return hexOf(value);
  if (type.startsWith("timestamp")) return iso(milliseconds(value));
  return value;
}

function hexOf(base64: string): string {
  try {
    return [...atob(base64)].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return base64;
  }
}
