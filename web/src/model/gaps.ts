/** What a list of gaps says in one sentence. */

import { count } from "./format";
import type { Gap } from "./records";

/** How many gaps there are (`most` is as many as were asked for), what is missing, and what other sessions fill of it. */
export function gapsText(gaps: readonly Gap[], most: number): string {
  const missing = sum(gaps.map((gap) => gap.missing));
  const filled = sum(gaps.map((gap) => gap.filled));
  const many = gaps.length === most ? `The first ${most} gaps` : `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}`;
  const lost = `${many}, ${packets(missing)} missing`;
  if (filled === 0) return lost;
  return `${lost}; ${count(filled)} of them filled by another session, ${count(missing - filled)} still missing`;
}

function packets(number: number): string {
  return `${count(number)} ${number === 1 ? "packet" : "packets"}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
