/** Series as the one table that uPlot draws: all times, and for each series its values, minima and maxima. */

import uPlot from "uplot";
import { lineOf, type Series } from "./series";
import type { Range } from "./timeBar";

/** Columns of the table per series: value, min, max. */
export const COLUMNS = 3;

const EMPTY: uPlot.AlignedData = [[]];

/** The stretch of the table; a series that has nothing there has empty columns. */
export function plotTable(series: readonly Series[], range: Range): uPlot.AlignedData {
  const tables = series.map((each): uPlot.AlignedData => {
    const { times, values, mins, maxs } = lineOf(each.between(range.from, range.to));
    return [times, values, mins, maxs];
  });
  return tables.length === 0 ? EMPTY : uPlot.join(tables);
}
