import { describe, expect, it } from "vitest";
import { asNumber, milliseconds, readTelemetry, valueAt } from "./telemetry";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a telemetry message", () => {
  it("has lists for what differs between its rows and one value for what does not", () => {
    const message = readTelemetry(
      bytes('{"table": "NAV", "rows": 2, "columns": {"time": [1777636800123456789, 2], "link": "radio"}}'),
    );
    expect(message).not.toBeNull();
    expect(valueAt(message!, "time", 0)).toBe(1777636800123456789n);
    expect(valueAt(message!, "time")).toBe(2);
    expect(valueAt(message!, "link", 0)).toBe("radio");
    expect(valueAt(message!, "ALTITUDE")).toBeUndefined();
  });

  it.each([
    "",
    "{",
    "null",
    "7",
    '{"table": "NAV"}',
    '{"table": "NAV", "rows": 1, "columns": null}',
    '{"table": "NAV", "rows": 1e9, "columns": {"A": 1}}',
    '{"table": "NAV", "rows": 1.5, "columns": {"A": 1}}',
    '{"table": "NAV", "rows": 3, "columns": {"A": [1, 2]}}',
  ])("is nothing when it is %j", (text) => expect(readTelemetry(bytes(text))).toBeNull());
});

it("reads numbers that come as texts", () => {
  expect(["NaN", "Infinity", "-Infinity", true, 2n, 1.5, "SAFE", null].map(asNumber)).toEqual([
    Number.NaN,
    Infinity,
    -Infinity,
    1,
    2,
    1.5,
    null,
    null,
  ]);
});

it("turns nanoseconds to milliseconds without losing microseconds", () => {
  expect(milliseconds(1777636800123456789n)).toBe(1777636800123.456);
  expect(milliseconds("soon")).toBeNaN();
});
