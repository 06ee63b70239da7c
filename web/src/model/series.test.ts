import { describe, expect, it } from "vitest";
import { lineOf, Series, type Point } from "./series";

const point = (time: number, value = time): Point => ({
  time,
  value,
  min: value,
  max: value,
  exact: value,
  frameOffset: time,
});

const seriesOf = (...times: number[]) => {
  const series = new Series();
  for (const time of times) series.append(point(time));
  return series;
};

const timesOf = (points: readonly Point[]) => points.map((each) => each.time);

describe("a series", () => {
  it("joins history and live samples without a seam and without a double", () => {
    const series = seriesOf(90, 100, 110, 120);
    series.putHistory([70, 80, 90, 100].map((time) => point(time)));
    expect(timesOf(series.all)).toEqual([70, 80, 90, 100, 110, 120]);
  });

  it("leaves a sample that comes out of order to history", () => {
    const series = seriesOf(100);
    series.append(point(90, 2));
    series.append(point(100, 3));
    expect(series.all.map((each) => each.value)).toEqual([100]);
  });

  it("stays bounded", () => {
    const series = new Series(100);
    for (let time = 0; time < 1000; time++) series.append(point(time));
    expect(series.length).toBeLessThanOrEqual(100);
    expect(series.last?.time).toBe(999);
  });

  it("finds the nearest point", () => {
    const series = seriesOf(0, 10, 20);
    expect([-5, 4, 6, 14, 99].map((time) => series.nearest(time)?.time)).toEqual([0, 0, 10, 10, 20]);
    expect(new Series().nearest(1)).toBeUndefined();
  });

  it("gives a stretch with its neighbours, to which the line leads", () => {
    const series = seriesOf(0, 10, 20, 30, 40);
    expect(timesOf(series.between(10, 20))).toEqual([0, 10, 20]);
    expect(timesOf(series.between(11, 19))).toEqual([10, 20]);
    expect(timesOf(series.between(-50, -40))).toEqual([0]);
    expect(timesOf(series.between(50, 60))).toEqual([40]);
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
