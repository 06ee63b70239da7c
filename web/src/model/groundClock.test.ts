import { describe, expect, it } from "vitest";
import { GroundClock } from "./groundClock";

const HOUR = 3_600_000;
const GROUND = 1_777_636_800_000;

function clockAt(ticks: { now: number }): GroundClock {
  return new GroundClock(() => ticks.now);
}

describe("the ground's clock", () => {
  it("is what the ground said, and counts on", () => {
    const ticks = { now: 1000 };
    const clock = clockAt(ticks);
    clock.take(GROUND, 990, 1010);
    expect(clock.now()).toBe(GROUND);
    ticks.now += HOUR;
    expect(clock.now()).toBe(GROUND + HOUR);
  });

  it("believes the shortest round trip", () => {
    const ticks = { now: 1000 };
    const clock = clockAt(ticks);
    clock.take(GROUND, 1000, 1000);
    clock.take(GROUND - 400, 200, 1000);
    expect(clock.now()).toBe(GROUND);
  });

  it("forgets old answers, so that a ground whose clock was set is followed", () => {
    const ticks = { now: 1000 };
    const clock = clockAt(ticks);
    clock.take(GROUND, 1000, 1000);
    for (let each = 0; each < 8; each++) clock.take(GROUND - HOUR, 990, 1010);
    expect(clock.now()).toBe(GROUND - HOUR);
  });

  it("is not behind what was received, but does not follow a sample from far ahead", () => {
    const clock = clockAt({ now: 1000 });
    clock.take(GROUND, 1000, 1000);
    clock.saw(GROUND - 60_000);
    expect(clock.now()).toBe(GROUND);
    clock.saw(GROUND + 200);
    expect(clock.now()).toBe(GROUND + 200);
    clock.saw(GROUND + HOUR);
    expect(clock.now()).toBe(GROUND + 200);
  });
});
