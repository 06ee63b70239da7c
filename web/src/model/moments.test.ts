import { expect, it } from "vitest";
import { momentOf } from "./moments";

it("reads times in UTC, seconds from now, and nothing", () => {
  const now = Date.parse("2026-05-01T12:00:00Z");
  expect(momentOf("2026-05-01 12:30", now)).toBe("2026-05-01T12:30:00.000000Z");
  expect(momentOf(" +90.5", now)).toBe("2026-05-01T12:01:30.500000Z");
  expect(momentOf("  ", now)).toBeUndefined();
  expect(() => momentOf("tomorrow", now)).toThrow("tomorrow is not a time");
});
