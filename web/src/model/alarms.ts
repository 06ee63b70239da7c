/** Alarm levels of values, by the rules of streams/xtce/alarms.py. */

import { asNumber, type Value } from "../bus/telemetry";

export const LEVELS = ["none", "normal", "watch", "warning", "distress", "critical", "severe"] as const;
export type Level = (typeof LEVELS)[number];

export interface AlarmRange {
  level: Level;
  form: "outside" | "inside" | "label" | "otherwise";
  minimum: number | null;
  maximum: number | null;
  min_inclusive: boolean;
  max_inclusive: boolean;
  label: string;
}

/** The most severe level that holds; `normal` when none does, `none` for a parameter without alarms. */
export function levelOf(alarms: readonly AlarmRange[], value: Value): Level {
  if (alarms.length === 0 || value === null) return "none";
  return alarms.find((alarm) => holds(alarm, value))?.level ?? "normal";
}

function holds(alarm: AlarmRange, value: Value): boolean {
  const number = asNumber(value);
  if (number === null) {
    return alarm.form === "otherwise" || (alarm.form === "label" && alarm.label === value);
  }
  if ((alarm.form !== "inside" && alarm.form !== "outside") || Number.isNaN(number)) return false;
  return contains(alarm, number) === (alarm.form === "inside");
}

function contains(alarm: AlarmRange, value: number): boolean {
  const { minimum, maximum } = alarm;
  const above = minimum === null || (alarm.min_inclusive ? value >= minimum : value > minimum);
  const below = maximum === null || (alarm.max_inclusive ? value <= maximum : value < maximum);
  return above && below;
}
