import { describe, expect, it } from "vitest";
import { pointAt } from "./history";
import { loadsAfter, STORED_MS } from "./plotLoads";
import { Series, type Point } from "./series";

const CASES = 500;
const END_MS = 12_000;

interface Sent {
  published: number;
  /** When it is in the tables: in the order of the stream, at most `STORED_MS` after it was published. */
  stored: number;
}

interface Flight {
  samples: Sent[];
  /** From then on the page hears what is published. */
  listens: number;
  /** How long each answer takes. */
  answers: number[];
  buckets: number;
}

/** Random numbers that are the same in every run (a linear congruential generator). */
function dice(seed: number): (most: number) => number {
  let state = seed * 2_654_435_761;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * (most + 1));
  };
}

function flightOf(seed: number): Flight {
  const roll = dice(seed);
  const lateness = roll(STORED_MS);
  const samples: Sent[] = [];
  let stored = 0;
  for (let published = roll(50); published < END_MS; published += 1 + roll(400)) {
    stored = Math.max(stored, published + roll(lateness));
    samples.push({ published, stored });
  }
  return { samples, listens: 1000 + roll(3000), answers: [roll(4000), roll(2000)], buckets: 1 + roll(40) };
}

const pointOf = ({ published }: Sent): Point => pointAt(published, published, published, published);

/** What the database answers: every so many samples as one point, where the last of them stands. */
function bucketsOf(stored: readonly Sent[], size: number): Point[] {
  const points: Point[] = [];
  for (let at = 0; at < stored.length; at += size) {
    const [first, last] = [stored[at], stored[Math.min(at + size, stored.length) - 1]];
    if (first && last) points.push({ ...pointOf(last), min: first.published });
  }
  return points;
}

/** The line after all that was published, asked for and answered, each at its time; a later question voids an earlier one. */
function drawn({ samples, listens, answers, buckets }: Flight, loads: readonly number[]): Series {
  const series = new Series();
  const happenings: [number, () => void][] = samples
    .filter(({ published }) => published >= listens)
    .map((sample) => [sample.published, () => series.append(pointOf(sample))]);
  loads.forEach((after, turn) => {
    const asked = listens + after;
    const answered = asked + (answers[turn] ?? 0);
    if (loads.slice(turn + 1).some((later) => listens + later <= answered)) return;
    const there = samples.filter(({ stored }) => stored <= asked);
    happenings.push([answered, () => series.putHistory(bucketsOf(there, buckets))]);
  });
  for (const [, happen] of happenings.sort(([a], [b]) => a - b)) happen();
  return series;
}

/** The samples that a line neither has nor covers with a bucket, and whether its times ascend. */
function seams(flight: Flight, series: Series): { missing: number[]; ascending: boolean } {
  const covered = (time: number) => series.all.some((point) => point.min <= time && time <= point.time);
  const times = series.all.map(({ time }) => time);
  return {
    missing: flight.samples.map(({ published }) => published).filter((time) => !covered(time)),
    ascending: times.every((time, index) => index === 0 || time > (times[index - 1] as number)),
  };
}

const flights = Array.from({ length: CASES }, (_, seed) => flightOf(seed + 1));

describe("a live plot", () => {
  it.each([1, 5, 40])("has every sample once, from history in buckets of up to %i or live", (most) => {
    for (const flight of flights) {
      const one = { ...flight, buckets: Math.min(flight.buckets, most) };
      expect(seams(one, drawn(one, loadsAfter(true)))).toEqual({ missing: [], ascending: true });
    }
  });

  it("would miss what was published before it listened and stored after its first question", () => {
    const once = loadsAfter(true).slice(0, 1);
    const torn = flights.filter((flight) => seams(flight, drawn(flight, once)).missing.length > 0);
    expect(torn.length).toBeGreaterThan(CASES / 10);
    expect(torn.every((flight) => seams(flight, drawn(flight, once)).ascending)).toBe(true);
  });
});

it("asks for the past once: nothing comes behind it", () => {
  expect(loadsAfter(false)).toHaveLength(1);
});
