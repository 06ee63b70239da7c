import { describe, expect, it } from "vitest";
import { bitText, bytesOf, dumpLines } from "./hexDump";

const place = (first_bit: number, bits: number) => ({ frame_offset: 1, first_bit, bits });
const data = bytesOf("0864c001" + "41".repeat(16));

describe("a hex dump", () => {
  it("has sixteen bytes a line, and their text", () => {
    const lines = dumpLines(data, []);
    expect(lines.map((line) => [line.at, line.bytes.length, line.text])).toEqual([
      [0, 16, "·d··AAAAAAAAAAAA"],
      [16, 4, "AAAA"],
    ]);
    expect(lines[0]?.bytes.map((byte) => byte.hex).join("")).toBe("0864c00141414141" + "41".repeat(8));
  });

  it("marks the bits of a field, in whole bytes and in parts of them", () => {
    const marked = (first: number, bits: number) =>
      dumpLines(data, [place(first, bits)])
        .flatMap((line) => line.bytes)
        .flatMap((byte, index) => (byte.marked ? [[index, ...byte.marked]] : []));
    expect(marked(5, 11)).toEqual([
      [0, 5, 8],
      [1, 0, 8],
    ]);
    expect(marked(17, 2)).toEqual([[2, 1, 3]]);
    expect(marked(124, 8)).toEqual([
      [15, 4, 8],
      [16, 0, 4],
    ]);
    expect(marked(0, 0)).toEqual([]);
  });

  it("can be of a part", () => {
    expect(dumpLines(data, [], 17, 1).map((line) => line.at)).toEqual([16]);
    expect(dumpLines(data, [], 99)).toEqual([]);
    expect(dumpLines(bytesOf(""), [])).toEqual([]);
  });
});

it("shows a field's bits between those around it", () => {
  expect(bitText(data, place(5, 11))).toBe("00001[00001100100]");
  expect(bitText(data, place(17, 2))).toBe("1[10]00000");
  expect(bitText(data, place(0, 65))).toBe("");
});
