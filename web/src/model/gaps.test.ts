import { expect, test } from "vitest";
import { gapsText } from "./gaps";
import type { Gap } from "./records";

const gap = (missing: number, filled: number) => ({ missing, filled, still_missing: missing - filled }) as Gap;

test("a list that nothing fills says how much is missing", () => {
  expect(gapsText([], 500)).toBe("0 gaps, 0 packets missing");
  expect(gapsText([gap(1, 0)], 500)).toBe("1 gap, 1 packet missing");
  expect(gapsText([gap(3, 0), gap(1200, 0)], 500)).toBe("2 gaps, 1\u2009203 packets missing");
});

test("what another session fills is told beside what is still missing", () => {
  expect(gapsText([gap(3, 2), gap(4, 0)], 500)).toBe(
    "2 gaps, 7 packets missing; 2 of them filled by another session, 5 still missing",
  );
  expect(gapsText([gap(3, 3)], 500)).toContain("3 of them filled by another session, 0 still missing");
});

test("a list that is cut says so", () => {
  expect(gapsText([gap(1, 0), gap(1, 0)], 2)).toBe("The first 2 gaps, 2 packets missing");
});
