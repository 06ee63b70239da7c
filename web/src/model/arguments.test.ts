import { describe, expect, it } from "vitest";
import { givenOf, initialText, numberOf, problemOf, rangeText, wanted, type Argument } from "./arguments";

function argument(type: Argument["type"], more: Partial<Argument> = {}): Argument {
  return { name: "A", type, description: "", unit: "", required: true, default: null, assigned: null, ...more };
}

const RATE = argument("number", { whole: true, unit: "Hz", ranges: [{ minimum: 1, maximum: 100 }] });

describe("a number", () => {
  it("is taken within its ranges, its ends too", () => {
    for (const text of ["1", "100", " 5 ", "0x1F", "1e1", "+7"]) expect(problemOf(RATE, text)).toBe("");
  });
  it("is refused outside, with what would be right", () => {
    expect(problemOf(RATE, "0")).toBe("is out of range: a whole number from 1 to 100 Hz");
    expect(problemOf(RATE, "2.5")).toBe("is not whole: a whole number from 1 to 100 Hz");
    for (const text of ["", "x", "1 2", "0x", "NaN", "1e999", "--1"]) expect(problemOf(RATE, text)).not.toBe("");
  });
  it("is compared exactly, whatever its size", () => {
    const largest = argument("number", { whole: true, ranges: [{ minimum: 0, maximum: 18446744073709551615n }] });
    expect(problemOf(largest, "18446744073709551615")).toBe("");
    expect(problemOf(largest, "18446744073709551616")).toMatch("out of range");
    expect(numberOf("-0xFF")).toBe(-255);
  });
  it("keeps to ends that are not part of its range", () => {
    const range = { minimum: 0, minimum_inclusive: false, maximum: 5, maximum_inclusive: false };
    const open = argument("number", { ranges: [range, { minimum: 7 }] });
    expect(["0", "0.1", "4.9", "5", "6", "7"].map((text) => problemOf(open, text) === "")).toEqual([
      false, true, true, false, false, true,
    ]);
    expect(rangeText(range)).toBe("more than 0 and less than 5");
    expect(wanted(open)).toBe("a number more than 0 and less than 5 or at least 7");
  });
});

it("takes labels, words, bytes, times and durations as they are written, and nothing else", () => {
  const cases: [Argument, string[], string[]][] = [
    [argument("enumeration", { labels: [{ label: "IMU", raw: 1 }] }), ["IMU"], ["imu", "1"]],
    [argument("boolean", { true: "ON", false: "OFF" }), ["ON", "off", "true", "0"], ["yes"]],
    [argument("bytes", { bytes: 2 }), ["F14E", "0xf14e", "F1 4E"], ["F1", "F14E00", "xx", "F14"]],
    [argument("bytes"), ["00"], ["0"]],
    [argument("time", { earliest: "2000-01-01T00:00:00Z", latest: "2100-01-01T00:00:00Z" }),
      ["2026-05-01 12:00:00", "2026-05-01T12:00:00.5Z"], ["1999-01-01", "2101-01-01", "soon"]],
    [argument("duration", { ranges: [{ minimum: 0, maximum: 60 }] }), ["30", "PT1M", "1.5"], ["61", "P", "PT"]],
    [argument("text", { max_bytes: 4, min_length: 1 }), ["abcd", "äö"], ["", "abcde", "äöü"]],
    [argument("text", { pattern: "[A-Z]+" }), ["ABC"], ["abc"]],
    [argument("text", { pattern: "(?<unfinished" }), ["whatever the service says"], []],
  ]; // prettier-ignore
  for (const [each, right, wrong] of cases) {
    for (const text of right) expect([each.type, text, problemOf(each, text)]).toEqual([each.type, text, ""]);
    for (const text of wrong) expect([each.type, text, problemOf(each, text)]).not.toEqual([each.type, text, ""]);
  }
});

it("needs no value where there is a default, and asks for none where one is assigned", () => {
  const rate = { ...RATE, required: false, default: 5 };
  expect([problemOf(rate, ""), initialText(rate)]).toEqual(["", "5"]);
  expect(problemOf(RATE, "")).toBe("is needed");
  const fixed = { ...RATE, name: "B", assigned: 3 };
  const text = argument("text", { name: "T", default: "HI" });
  expect(givenOf([rate, fixed, text], {})).toEqual({ A: "5", T: "HI" });
  expect(givenOf([rate, fixed, text], { A: " ", T: "" })).toEqual({ T: "" });
  const flag = argument("boolean", { true: "ON", false: "OFF", default: false });
  expect(initialText(flag)).toBe("OFF");
});
