/**
 * JSON whose integers stay exact: one that a number of the browser can not hold becomes a bigint.
 *
 * Needs the source text that newer browsers hand to a reviver; in an older one such an integer is rounded.
 */

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

const INTEGER = /^-?\d+$/;

export function parseExact(text: string): unknown {
  return JSON.parse(text, exact as Reviver);
}

function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}
