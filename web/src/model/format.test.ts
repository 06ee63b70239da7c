import { describe, expect, it } from "vitest";
import { age, fromIso, shown, utc } from "./format";

describe("a value as people read it", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [true, "true"],
    ["SAFE", "SAFE"],
    ["NaN", "NaN"],
    [12, "12"],
    [12.3456789, "12.34568"],
    [1.5e-9, "1.5000e-9"],
    [2.5e12 + 0.5, "2.5000e+12"],
  ])("%s", (value, text) => expect(shown(value)).toBe(text));
});

it("shows ages in the unit that fits", () => {
  expect([0.42, 11.6, 600, 7300, 200_000, -3].map(age)).toEqual(["0.4 s", "12 s", "10 min", "2 h", "2 d", "ahead"]);
});

it("reads times with nine decimals", () => {
  expect(utc(fromIso("2026-05-01T12:00:00.123456789Z"))).toBe("2026-05-01 12:00:00.123 UTC");
});
