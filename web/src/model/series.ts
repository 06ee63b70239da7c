/**
 * A series: history and live samples of one parameter as one line without a seam, in ascending times.
 *
 * History comes as buckets (min, max, mean of a stretch); live samples follow one by one. A sample that history
 * has already is not taken again. Where nothing came for much longer than usual, the line has a gap.
 */

export interface Point {
  /** ms since 1970 */
  time: number;
  value: number;
  min: number;
  max: number;
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

  /** Put history in front: it replaces everything up to its last time; live samples behind that stay. */
  putHistory(history: readonly Point[]): void {
    const last = history.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    this.points = [...history, ...this.points.filter((point) => point.time > last)];
    this.shorten();
  }

  /** Append a live sample; one that is not newer than the last is out of order and left to history. */
  append(time: number, value: number, frameOffset: number): void {
    const last = this.points.at(-1);
    if (last && time <= last.time) return;
    this.points.push({ time, value, min: value, max: value, frameOffset });
    this.shorten();
  }

  /** The point nearest to a time. */
  nearest(time: number): Point | undefined {
    let low = 0;
    let high = this.points.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] as Point).time < time) low = middle + 1;
      else high = middle;
    }
    const [before, after] = [this.points[low - 1], this.points[low]];
    if (!before || !after) return after ?? before;
    return time - before.time < after.time - time ? before : after;
  }

  /** Forget the oldest tenth when there are too many: long live plots do not grow without end. */
  private shorten(): void {
    if (this.points.length > this.limit) this.points = this.points.slice(Math.ceil(this.limit / 10));
  }
}

export interface Line {
  times: number[];
  /** Values at all times; null where the series has none, undefined is never used. */
  values: (number | null)[];
  mins: (number | null)[];
  maxs: (number | null)[];
}

/** Seconds on the axis, a null inserted into each gap that is `factor` times the usual distance. */
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
