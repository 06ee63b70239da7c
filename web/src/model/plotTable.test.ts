import { expect, it } from "vitest";
import { plotTable } from "./plotTable";
import { pointAt } from "./history";
import { Series } from "./series";

const seriesOf = (...times: number[]) => {
  const series = new Series();
  for (const time of times) series.append(pointAt(time, time, time, 1));
  return series;
};

it("has all times once, and leaves undefined what another series has no sample at", () => {
  const table = plotTable([seriesOf(1000, 3000), seriesOf(2000, 3000)], { from: 0, to: 4000 });
  expect(table[0]).toEqual([1, 2, 3]);
  expect(table[1]).toEqual([1000, undefined, 3000]);
  expect(table[4]).toEqual([undefined, 2000, 3000]);
  expect(table).toHaveLength(7);
});

it("is empty without series, and has empty columns for a series without samples", () => {
  expect(plotTable([], { from: 0, to: 1 })).toEqual([[]]);
  expect(plotTable([seriesOf(), seriesOf(5)], { from: 0, to: 9 })[1]).toEqual([undefined]);
});
