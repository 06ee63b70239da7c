import { describe, expect, it } from "vitest";
import { lineOf, Series, type Point } from "./series";

const point = (time: number, value = time): Point => ({ time, value, min: value, max: value, frameOffset: time });

describe("a series", () => {
  it("joins history and live samples without a seam and without a double", () => {
    const series = new Series();
    for (const time of [90, 100, 110, 120]) series.append(time, time, time);
    series.putHistory([70, 80, 90, 100].map((time) => point(time)));
    expect(series.all.map((each) => each.time)).toEqual([70, 80, 90, 100, 110, 120]);
  });

  it("leaves a sample that comes out of order to history", () => {
    const series = new Series();
    series.append(100, 1, 1);
    series.append(90, 2, 2);
    series.append(100, 3, 3);
    expect(series.all.map((each) => each.value)).toEqual([1]);
  });

  it("stays bounded", () => {
    const series = new Series(100);
    for (let time = 0; time < 1000; time++) series.append(time, time, time);
    expect(series.length).toBeLessThanOrEqual(100);
    expect(series.all.at(-1)?.time).toBe(999);
  });

  it("finds the nearest point", () => {
    const series = new Series();
    for (const time of [0, 10, 20]) series.append(time, time, time);
    expect([-5, 4, 6, 14, 99].map((time) => series.nearest(time)?.time)).toEqual([0, 0, 10, 10, 20]);
    expect(new Series().nearest(1)).toBeUndefined();
  });
});

describe("a line", () => {
  it("has a gap where nothing came for long", () => {
    const line = lineOf([0, 10, 20, 30, 500, 510].map((time) => point(time)));
    expect(line.values).toEqual([0, 10, 20, 30, null, 500, 510]);
    expect(line.times).toEqual([0, 0.01, 0.02, 0.03, 0.265, 0.5, 0.51]);
  });

  it("draws what is no number as a gap", () => {
    expect(lineOf([point(0), point(1, Number.NaN), point(2, Infinity)]).values).toEqual([0, null, null]);
  });
});
