/** What the crosshair picks: of each series the sample nearest to a time. */

import { exact, utc } from "../model/format";
import type { Point } from "../model/series";
import type { PlotSource } from "./plotSource";

export interface Pick {
  key: string;
  point: Point;
  /** For people: name, value and time. */
  text: string;
}

export function picksAt(source: PlotSource, keys: readonly string[], time: number): Pick[] {
  return keys.flatMap((key) => {
    const point = source.of(key).nearest(time);
    if (!point) return [];
    const unit = source.board.catalog.get(key)?.unit ?? "";
    return [{ key, point, text: `${key} ${exact(point.exact)} ${unit} at ${utc(point.time, 6)}` }];
  });
}
