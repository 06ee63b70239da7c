import { describe, expect, it } from "vitest";
import { levelOf, type AlarmRange } from "./alarms";

const range = (fields: Partial<AlarmRange>): AlarmRange => ({
  level: "warning",
  form: "outside",
  minimum: null,
  maximum: null,
  min_inclusive: true,
  max_inclusive: true,
  label: "",
  ...fields,
});

describe("an alarm level", () => {
  const alarms = [range({ level: "critical", minimum: 0, maximum: 10 }), range({ minimum: 2, maximum: 8 })];

  it("is the most severe that holds", () => {
    expect([-1, 0, 1, 2, 5, 9, 11].map((value) => levelOf(alarms, value))).toEqual([
      "critical",
      "warning",
      "warning",
      "normal",
      "normal",
      "warning",
      "critical",
    ]);
  });

  it("knows numbers that come as texts", () => {
    expect(levelOf(alarms, "Infinity")).toBe("critical");
    expect(levelOf(alarms, "NaN")).toBe("normal");
  });

  it("goes by labels", () => {
    const labels = [range({ form: "label", label: "FAIL", level: "severe" }), range({ form: "otherwise" })];
    expect(levelOf(labels, "FAIL")).toBe("severe");
    expect(levelOf(labels, "ODD")).toBe("warning");
  });

  it("is none without alarms or value", () => {
    expect(levelOf([], 5)).toBe("none");
    expect(levelOf(alarms, null)).toBe("none");
  });
});
