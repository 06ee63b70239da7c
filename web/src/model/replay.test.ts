import { expect, it } from "vitest";
import { positionAt, statusOf, type ReplayStatus } from "./replay";

const status: ReplayStatus = {
  id: "0a1b2c3d",
  generation: "g-1",
  state: "playing",
  speed: 5,
  from: 1000,
  to: 9000,
  position: 2000,
};

it("reads the service's nanoseconds as milliseconds", () => {
  const answer = { ...status, replay: status.id, from: 1000_000_000, to: 9000_000_000n, position: 2000_000_000 };
  expect(statusOf(answer)).toEqual(status);
});

it("goes on at its speed between two answers, to its end", () => {
  expect(positionAt(status, 100, 300)).toBe(3000);
  expect(positionAt(status, 100, 100_000)).toBe(9000);
  expect(positionAt({ ...status, state: "paused" }, 100, 300)).toBe(2000);
});
