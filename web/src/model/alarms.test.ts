import { describe, expect, it, test } from "vitest";
import { levelOf, limitTexts, type AlarmRange } from "./alarms";

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

const only = (alarms: AlarmRange[]) => ({ alarms, contextAlarms: [] });

describe("an alarm level", () => {
  const alarms = [range({ level: "critical", minimum: 0, maximum: 10 }), range({ minimum: 2, maximum: 8 })];

  it("is the most severe that holds", () => {
    expect([-1, 0, 1, 2, 5, 9, 11].map((value) => levelOf(only(alarms), value))).toEqual([
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
    expect(levelOf(only(alarms), "Infinity")).toBe("critical");
    expect(levelOf(only(alarms), "NaN")).toBe("normal");
  });

  it("goes by labels", () => {
    const labels = [range({ form: "label", label: "FAIL", level: "severe" }), range({ form: "otherwise" })];
    expect(levelOf(only(labels), "FAIL")).toBe("severe");
    expect(levelOf(only(labels), "ODD")).toBe("warning");
  });

  it("is none without alarms or value", () => {
    expect(levelOf(only([]), 5)).toBe("none");
    expect(levelOf(only(alarms), null)).toBe("none");
  });

  it("goes by the context that holds in the packet, whole, and else by the default alarms", () => {
    const watched = {
      alarms,
      contextAlarms: [
        { when: "MODE == SAFE", alarms: [] },
        { when: "MODE == HOT", alarms: [range({ level: "severe", maximum: 100 })] },
      ],
    };
    expect(levelOf(watched, 11, 1)).toBe("normal");
    expect([11, 101].map((value) => levelOf(watched, value, 2))).toEqual(["normal", "severe"]);
    expect([null, 0].map((context) => levelOf(watched, 11, context))).toEqual(["critical", "critical"]);
    expect(levelOf({ ...watched, alarms: [] }, 11)).toBe("normal");
    expect(levelOf(watched, null, 1)).toBe("none");
  });
});

test("limits are told in words, with the contexts in which they count", () => {
  const alarms = [range({ level: "critical", maximum: 70 }), range({ form: "otherwise" })];
  expect(limitTexts(only(alarms))).toEqual(["critical outside of −∞ … 70", "warning for any other label"]);
  const contextAlarms = [
    { when: "MODE == SAFE", alarms: [] },
    { when: "raw MODE > 3", alarms: [range({ form: "label", label: "FAIL" }), range({ form: "inside", minimum: 1 })] },
  ];
  expect(limitTexts({ alarms: alarms.slice(0, 1), contextAlarms })).toEqual([
    "when MODE == SAFE: none",
    "when raw MODE > 3: warning when FAIL",
    "when raw MODE > 3: warning within 1 … ∞",
    "otherwise: critical outside of −∞ … 70",
  ]);
});
