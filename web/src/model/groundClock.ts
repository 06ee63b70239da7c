/**
 * The ground's clock, by which ages are told: the browser's own may be wrong by any amount.
 *
 * It is asked for over the bus; the answer is that of the middle of the round trip. Between two answers the
 * browser's monotonic clock counts on, which nobody sets. Samples that seem to come from the future show that
 * the estimate is late, and correct it.
 */

/** Round trips that are remembered: the shortest of them is believed. */
const REMEMBERED = 8;
/** A sample from further ahead than this says nothing of the clock: its time is wrong. */
const BELIEVED_MS = 5000;

interface Estimate {
  offset: number;
  roundTrip: number;
}

export class GroundClock {
  private estimates: Estimate[] = [];
  private offset = Date.now() - performance.now();

  /** `ticks`: the monotonic clock, ms. */
  constructor(private readonly ticks: () => number = () => performance.now()) {}

  /** Whether the ground was ever asked. */
  get known(): boolean {
    return this.estimates.length > 0;
  }

  /** The ground's time, ms since 1970. */
  now(): number {
    return this.ticks() + this.offset;
  }

  /** The monotonic clock, to stamp a question and its answer with. */
  tick(): number {
    return this.ticks();
  }

  /** Take the ground's answer `ground` (ms since 1970) to a question of the moments `sent` to `got`. */
  take(ground: number, sent: number, got: number): void {
    this.estimates.push({ offset: ground - (sent + got) / 2, roundTrip: got - sent });
    if (this.estimates.length > REMEMBERED) this.estimates.shift();
    const best = this.estimates.reduce((a, b) => (b.roundTrip <= a.roundTrip ? b : a));
    this.offset = best.offset;
  }

  /** Note when the ground received a sample that is here now. */
  saw(received: number): void {
    const ahead = received - this.now();
    if (ahead > 0 && (!this.known || ahead < BELIEVED_MS)) this.offset += ahead;
  }
}
