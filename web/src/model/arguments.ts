/**
 * Arguments of telecommands as a person writes them: what may be written, and what is wrong with what is.
 *
 * The service checks everything again by the mission database itself (see commands/values/); what is said here
 * is said before anything is asked.
 */

import type { Value } from "../bus/telemetry";
import { fromIso } from "./format";

type Bound = number | bigint;

export interface ValidRange {
  minimum?: Bound;
  minimum_inclusive?: boolean;
  maximum?: Bound;
  maximum_inclusive?: boolean;
}

/** The fields of docs/telecommands.md: those behind `assigned` depend on the type. */
export interface Argument {
  name: string;
  type: "number" | "enumeration" | "boolean" | "text" | "bytes" | "time" | "duration";
  description: string;
  unit: string;
  required: boolean;
  default: Value;
  /** The value that it always has: it can not be given. */
  assigned: Value;
  whole?: boolean;
  ranges?: ValidRange[];
  labels?: { label: string; raw: Value }[];
  true?: string;
  false?: string;
  max_bytes?: number;
  min_length?: number;
  max_length?: number;
  pattern?: string;
  bytes?: number;
  earliest?: string;
  latest?: string;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const OTHER_BASE = /^(-?)(0x[0-9a-f]+|0b[01]+|0o[0-7]+)$/i;
const DURATION = /^-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i;

/** What the field has at first: the default as one would write it. */
export function initialText({ type, default: value, labels, true: yes, false: no }: Argument): string {
  if (value === null || value === undefined) return "";
  if (type === "boolean") return (value ? yes : no) ?? String(value);
  if (type === "enumeration") return labels?.find(({ label }) => label === value)?.label ?? String(value);
  return String(value);
}

/** What is wrong with what is written; empty for nothing. */
export function problemOf(argument: Argument, text: string): string {
  const given = text.trim();
  if (argument.type === "text") return textProblem(argument, text);
  if (given === "") return argument.required ? "is needed" : "";
  const problem = PROBLEMS[argument.type](argument, given);
  return problem && `${problem}: ${wanted(argument)}`;
}

/** Arguments for a request: those that are written, as texts, which the service reads by their types. */
export function givenOf(list: readonly Argument[], texts: Readonly<Record<string, string>>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const argument of list) {
    const text = texts[argument.name] ?? initialText(argument);
    if (argument.assigned !== null && argument.assigned !== undefined) continue;
    if (argument.type === "text") given[argument.name] = text;
    else if (text.trim() !== "") given[argument.name] = text.trim();
  }
  return given;
}

/** What may be written, in words. */
export function wanted({ type, whole, ranges = [], unit, ...more }: Argument): string {
  if (type === "number") {
    const kind = whole ? "a whole number" : "a number";
    return [kind, ranges.map(rangeText).join(" or "), unit].filter(Boolean).join(" ");
  }
  if (type === "duration") return ["seconds", ranges.map(rangeText).join(" or ")].filter(Boolean).join(" ");
  if (type === "enumeration") return `one of ${(more.labels ?? []).map(({ label }) => label).join(", ")}`;
  if (type === "boolean") return `${more.true ?? "true"} or ${more.false ?? "false"}`;
  if (type === "bytes") return `${more.bytes === undefined ? "bytes" : `${more.bytes} bytes`} in hexadecimal`;
  if (type === "time") return `a time in UTC${more.earliest ? ` from ${more.earliest} to ${more.latest}` : ""}`;
  return textWanted(more);
}

function textWanted({ min_length, max_length, max_bytes, pattern }: Partial<Argument>): string {
  const parts = [
    min_length !== undefined && `at least ${min_length} characters`,
    max_length !== undefined && `at most ${max_length} characters`,
    max_bytes !== undefined && `at most ${max_bytes} bytes`,
    pattern !== undefined && `like ${pattern}`,
  ];
  return ["text", ...parts.filter(Boolean)].join(", ");
}

/** `from 1 to 100`, `more than 0`, `at most 5`. */
export function rangeText({ minimum, minimum_inclusive = true, maximum, maximum_inclusive = true }: ValidRange): string {
  if (minimum !== undefined && maximum !== undefined && minimum_inclusive && maximum_inclusive) {
    return minimum === maximum ? String(minimum) : `from ${minimum} to ${maximum}`;
  }
  const least = minimum !== undefined && `${minimum_inclusive ? "at least" : "more than"} ${minimum}`;
  const most = maximum !== undefined && `${maximum_inclusive ? "at most" : "less than"} ${maximum}`;
  return [least, most].filter(Boolean).join(" and ");
}

/** The number that is written; an integer of any size exactly, null for none. */
export function numberOf(text: string): Bound | null {
  const other = OTHER_BASE.exec(text);
  if (other) return simplest(BigInt(other[2] as string) * (other[1] ? -1n : 1n));
  if (/^[+-]?\d+$/.test(text)) return simplest(BigInt(text.replace("+", "")));
  return DECIMAL.test(text) ? Number(text) : null;
}

function simplest(number: bigint): Bound {
  const small = Number(number);
  return Number.isSafeInteger(small) ? small : number;
}

const PROBLEMS: Record<Exclude<Argument["type"], "text">, (argument: Argument, text: string) => string> = {
  number: numberProblem,
  duration: (argument, text) => (DURATION.test(text) ? "" : numberProblem(argument, text)),
  enumeration: ({ labels = [] }, text) => (labels.some(({ label }) => label === text) ? "" : "is none of them"),
  boolean: ({ true: yes = "true", false: no = "false" }, text) => {
    const words = [yes, no, "true", "false", "1", "0"].map((word) => word.toLowerCase());
    return words.includes(text.toLowerCase()) ? "" : "is neither";
  },
  bytes: ({ bytes }, text) => {
    const digits = text.replace(/^0x/i, "").replace(/\s/g, "");
    if (!/^([0-9a-f]{2})*$/i.test(digits)) return "is not hexadecimal";
    return bytes === undefined || digits.length === 2 * bytes ? "" : `has ${digits.length / 2} bytes`;
  },
  time: ({ earliest, latest }, text) => {
    const time = fromIso(text);
    if (Number.isNaN(time)) return "is no time";
    const outside = (earliest && time < fromIso(earliest)) || (latest && time > fromIso(latest));
    return outside ? "is outside of what can be sent" : "";
  },
};

function numberProblem({ whole, ranges = [] }: Argument, text: string): string {
  const number = numberOf(text);
  if (number === null || (typeof number === "number" && !Number.isFinite(number))) return "is no number";
  if (whole && typeof number === "number" && !Number.isInteger(number)) return "is not whole";
  return ranges.length === 0 || ranges.some((range) => contains(range, number)) ? "" : "is out of range";
}

/** JavaScript compares bigint and number exactly. */
function contains(range: ValidRange, number: Bound): boolean {
  const { minimum, minimum_inclusive = true, maximum, maximum_inclusive = true } = range;
  const above = minimum === undefined || (minimum_inclusive ? number >= minimum : number > minimum);
  const below = maximum === undefined || (maximum_inclusive ? number <= maximum : number < maximum);
  return above && below;
}

function textProblem({ required, min_length = 0, max_length, max_bytes, pattern, ...more }: Argument, text: string): string {
  if (text === "" && required && min_length > 0) return "is needed";
  const length = [...text].length;
  const fits =
    length >= min_length &&
    (max_length === undefined || length <= max_length) &&
    (max_bytes === undefined || new TextEncoder().encode(text).length <= max_bytes) &&
    matches(pattern, text);
  return fits ? "" : `does not fit: ${wanted({ required, min_length, max_length, max_bytes, pattern, ...more })}`;
}

/** A pattern of another dialect is left to the service. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return true;
  }
}
