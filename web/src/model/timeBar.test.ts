import { expect, it } from "vitest";
import type { RecordingSession } from "./operations";
import { bandIn, placeIn, sessionRange, wholeRange } from "./timeBar";

const NOW = 10_000_000;
const session = (opened: number, closed: number | null): RecordingSession => ({
  session: "s",
  link: "radio",
  from: "",
  opened,
  closed,
  frames: null,
  why: "",
});

it("goes from the first recording to now", () => {
  expect(wholeRange([session(5000, 9000), session(2000, null)], NOW)).toEqual({ from: 2000, to: NOW });
  expect(wholeRange([], NOW)).toEqual({ from: NOW - 3_600_000, to: NOW });
});

it("goes as far as a session, to now while that is open", () => {
  expect(sessionRange(session(5000, 9000), NOW)).toEqual({ from: 5000, to: 9000 });
  expect(sessionRange(session(5000, null), NOW)).toEqual({ from: 5000, to: NOW });
  expect(sessionRange(session(5000, 5000), NOW)).toEqual({ from: 5000, to: 6000 });
});

it("places times and sessions between 0 and 1", () => {
  const range = { from: 0, to: 10_000 };
  expect([-1, 2500, 99_999].map((time) => placeIn(range, time))).toEqual([0, 0.25, 1]);
  expect(bandIn(range, session(2500, 5000), NOW)).toEqual({ start: 0.25, width: 0.25 });
  expect(bandIn(range, session(20_000, 30_000), NOW)).toBeNull();
  expect(bandIn(range, session(9999, 9999), NOW)?.width).toBeGreaterThan(0);
});
