/** Bytes as lines of a hex dump, with some of their bits marked. */

import type { Place } from "./origin";

export interface Byte {
  hex: string;
  /** Which of its bits are marked, first and behind the last; null for none. Bit 0 is the most significant one. */
  marked: readonly [number, number] | null;
}

export interface DumpLine {
  /** Index of the first byte. */
  at: number;
  bytes: Byte[];
  text: string;
}

export const WIDTH = 16;

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
}

/** The lines from byte `first` on, at most `most` of them; `first` is brought down to a line's beginning. */
export function dumpLines(data: Uint8Array, places: readonly Place[], first = 0, most = Infinity): DumpLine[] {
  const lines: DumpLine[] = [];
  for (let at = first - (first % WIDTH); at < data.length && lines.length < most; at += WIDTH) {
    const part = [...data.subarray(at, at + WIDTH)];
    const bytes = part.map((byte, index) => ({ hex: hexByte(byte), marked: markedBits(places, at + index) }));
    lines.push({ at, bytes, text: part.map(printable).join("") });
  }
  return lines;
}

function markedBits(places: readonly Place[], byte: number): Byte["marked"] {
  for (const { first_bit, bits } of places) {
    const from = Math.max(0, first_bit - byte * 8);
    const to = Math.min(8, first_bit + bits - byte * 8);
    if (from < to) return [from, to];
  }
  return null;
}

/** The bits of a place between those of its bytes around it: `0110[1100]`; empty for more than 64. */
export function bitText(data: Uint8Array, { first_bit, bits }: Place): string {
  if (bits > 64 || bits === 0) return "";
  const first = Math.floor(first_bit / 8);
  const last = Math.ceil((first_bit + bits) / 8);
  const all = [...data.subarray(first, last)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const from = first_bit - first * 8;
  return `${all.slice(0, from)}[${all.slice(from, from + bits)}]${all.slice(from + bits)}`;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}
