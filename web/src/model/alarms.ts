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

/** Alarms that count in place of the default ones in packets in which a condition holds. */
export interface ContextAlarm {
  /** The condition in words. */
  when: string;
  alarms: AlarmRange[];
}

export interface Watched {
  alarms: readonly AlarmRange[];
  contextAlarms: readonly ContextAlarm[];
}

/**
 * The most severe level that holds; `normal` when none does, `none` for a parameter without alarms. `context` is the
 * number of the one of its context alarms that counts in the value's packet, from 1; 0 or null for the default ones.
 */
export function levelOf({ alarms, contextAlarms }: Watched, value: Value, context: Value = null): Level {
  if ((alarms.length === 0 && contextAlarms.length === 0) || value === null) return "none";
  const counting = contextAlarms[Number(context ?? 0) - 1]?.alarms ?? alarms;
  return counting.find((alarm) => holds(alarm, value))?.level ?? "normal";
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

/** All limits in words: those of each context, of which the first counts that holds, then the default ones. */
export function limitTexts({ alarms, contextAlarms }: Watched): string[] {
  const inContexts = contextAlarms.flatMap(({ when, alarms: own }) =>
    own.length === 0 ? [`when ${when}: none`] : own.map((alarm) => `when ${when}: ${limitText(alarm)}`),
  );
  const otherwise = contextAlarms.length > 0 ? "otherwise: " : "";
  return [...inContexts, ...alarms.map((alarm) => `${otherwise}${limitText(alarm)}`)];
}

/** A limit in words: `warning outside of -40 … 70`. */
function limitText({ level, form, minimum, maximum, label }: AlarmRange): string {
  if (form === "label") return `${level} when ${label}`;
  if (form === "otherwise") return `${level} for any other label`;
  return `${level} ${form === "outside" ? "outside of" : "within"} ${minimum ?? "−∞"} … ${maximum ?? "∞"}`;
}
