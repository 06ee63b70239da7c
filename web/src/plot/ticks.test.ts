import { expect, it } from "vitest";
import { timeTicks, valueTick } from "./ticks";

const NIGHT = Date.UTC(2026, 4, 1, 23, 59) / 1000;

it("names times in UTC, as exactly as they differ, and the day where it changes", () => {
  expect(timeTicks([NIGHT, NIGHT + 60], 60)).toEqual(["23:59\n2026-05-01", "00:00\n2026-05-02"]);
  expect(timeTicks([NIGHT, NIGHT + 10], 10)).toEqual(["23:59:00\n2026-05-01", "23:59:10"]);
  expect(timeTicks([NIGHT, NIGHT + 0.25], 0.25)).toEqual(["23:59:00.000\n2026-05-01", "23:59:00.250"]);
  expect(timeTicks([NIGHT], 86_400)).toEqual(["2026-05-01"]);
});

it("names values in few digits", () => {
  expect([0, 1.25, 1234567, 0.0000125, -0.1 - 0.2].map(valueTick)).toEqual(["0", "1.25", "1.2e+6", "1.3e-5", "-0.3"]);
});
