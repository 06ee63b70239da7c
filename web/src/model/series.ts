/**
 * A series: history and live samples of one parameter as one line without a seam, in ascending times.
 *
 * History comes as buckets, each of which stands at the time and value of its last sample, with the least and
 * the greatest of all its samples; live samples follow one by one. A sample that history has already is not
 * taken again. Where nothing came for much longer than usual, the line has a gap.
 */

import type { Value } from "../bus/telemetry";

export interface Point {
  /** ms since 1970 */
  time: number;
  /** What is drawn; NaN where there is nothing to draw. */
  value: number;
  min: number;
  max: number;
  /** The sample's value itself, as people read it: exact, or a label. */
  exact: Value;
  frameOffset: number;
}

export class Series {
  private points: Point[] = [];

  constructor(private readonly limit = 20_000) {}

  get length(): number {
    return this.points.length;
  }

  get all(): readonly Point[] {
    return this.points;
  }

  get last(): Point | undefined {
    return this.points.at(-1);
  }

  /** Put history in front: it replaces everything up to its last time; live samples behind that stay. */
  putHistory(history: readonly Point[]): void {
    const last = history.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    this.points = [...history, ...this.points.filter((point) => point.time > last)];
    this.shorten();
  }

  /** Append a live sample; one that is not newer than the last is out of order and left to history. */
  append(point: Point): void {
    const last = this.points.at(-1);
    if (last && point.time <= last.time) return;
    this.points.push(point);
    this.shorten();
  }

  /** The points from one time to another, and the nearest one on either side, to which a line leads. */
  between(from: number, to: number): readonly Point[] {
    return this.points.slice(Math.max(0, this.firstFrom(from) - 1), this.firstFrom(to) + 1);
  }

  /** The point nearest to a time. */
  nearest(time: number): Point | undefined {
    const at = this.firstFrom(time);
    const [before, after] = [this.points[at - 1], this.points[at]];
    if (!before || !after) return after ?? before;
    return time - before.time < after.time - time ? before : after;
  }

  /** Index of the first point that is not before a time. */
  private firstFrom(time: number): number {
    let low = 0;
    let high = this.points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] as Point).time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forget the oldest tenth when there are too many: long live plots do not grow without end. */
  private shorten(): void {
    if (this.points.length > this.limit) this.points = this.points.slice(Math.ceil(this.limit / 10));
  }
}

export interface Line {
  /** Seconds since 1970, as the plot's axis has them. */
  times: number[];
  /** Values at all times; null in gaps. */
  values: (number | null)[];
  mins: (number | null)[];
  maxs: (number | null)[];
}

/** The points as a line, with a null in each gap that is `factor` times the usual distance. */
export function lineOf(points: readonly Point[], factor = 8): Line {
  const usual = usualDistance(points);
  const line: Line = { times: [], values: [], mins: [], maxs: [] };
  let before: Point | undefined;
  for (const point of points) {
    if (before && point.time - before.time > factor * usual) {
      push(line, (before.time + point.time) / 2, null, null, null);
    }
    push(line, point.time, finite(point.value), finite(point.min), finite(point.max));
    before = point;
  }
  return line;
}

function push(line: Line, ms: number, value: number | null, min: number | null, max: number | null): void {
  line.times.push(ms / 1000);
  line.values.push(value);
  line.mins.push(min);
  line.maxs.push(max);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The median distance between neighbours, ms. */
export function usualDistance(points: readonly Point[]): number {
  const distances = points.slice(1).map((point, index) => point.time - (points[index] as Point).time);
  distances.sort((a, b) => a - b);
  return Math.max(distances[distances.length >> 1] ?? 0, 1);
}
