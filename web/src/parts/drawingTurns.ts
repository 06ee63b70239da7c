/**
 * Whose turn it is to be drawn: in each frame, some rows of a board.
 *
 * A frame in which anything changes costs the browser some milliseconds however little it is, so values that change
 * in sight are drawn together, 20 times a second at most; one that comes alone waits for nothing. A row out of sight
 * is only kept from growing old: it is drawn anew every two seconds, and as soon as it comes into sight.
 */

/** Values are drawn in every third frame of a display at 60 Hz; a little less, because frames are not punctual. */
const TURN_MS = 45;
const AGES_EVERY_MS = 500;
/** All rows, in sight or not, are drawn in as many parts, one whenever the ages are. */
const PARTS = 4;
/** What is drawn in one frame at most, so that a wall's worth of rows does not take all of it. */
export const A_FRAME = 100;

export interface Turn<Row> {
  /** Of these the value has changed. */
  values: Row[];
  /** These are drawn as a whole, with their age. */
  rows: Row[];
}

export class DrawingTurns<Row> {
  private inSight = new Set<Row>();
  private changed = new Set<Row>();
  private whole: Row[] = [];
  private turnedAt = Number.NEGATIVE_INFINITY;
  private agedAt = Number.NEGATIVE_INFINITY;
  private next = 0;

  constructor(private readonly rows: readonly Row[]) {}

  /** A row came into sight or went out of it. */
  see(row: Row, inSight: boolean): void {
    if (!inSight) {
      this.inSight.delete(row);
      this.changed.delete(row);
    } else if (!this.inSight.has(row)) {
      this.inSight.add(row);
      this.whole.push(row);
    }
  }

  /** What to draw in the frame of the time `now` (ms); `changed`: whose values came since the last frame. */
  take(changed: Iterable<Row>, now: number): Turn<Row> {
    for (const row of changed) if (this.inSight.has(row)) this.changed.add(row);
    if (this.whole.length === 0 && now - this.agedAt >= AGES_EVERY_MS) {
      this.agedAt = now;
      this.whole = [...this.inSight, ...this.nextPart()];
    }
    const values = now - this.turnedAt >= TURN_MS ? this.longestWaiting() : [];
    if (values.length > 0) this.turnedAt = now;
    return { values, rows: this.whole.splice(0, A_FRAME - values.length) };
  }

  private longestWaiting(): Row[] {
    const rows = [...this.changed].slice(0, A_FRAME);
    for (const row of rows) this.changed.delete(row);
    return rows;
  }

  /** Those of the next part of all rows that are out of sight. */
  private nextPart(): Row[] {
    const end = this.next + Math.ceil(this.rows.length / PARTS);
    const part = this.rows.slice(this.next, end).filter((row) => !this.inSight.has(row));
    this.next = end < this.rows.length ? end : 0;
    return part;
  }
}
