/** When a plot asks for the history behind what comes live, so that the two make one line. */

/** A window that is being dragged is not asked for at each step. */
const SETTLE_MS = 120;
/** By then the writer has stored what was published before. */
export const STORED_MS = 3000;

/**
 * After how many milliseconds a stretch is asked for. Live it is asked for twice: what was published just before the
 * page listened came to nobody, and may reach the tables only after the first look.
 */
export function loadsAfter(isLive: boolean): readonly number[] {
  return isLive ? [SETTLE_MS, SETTLE_MS + STORED_MS] : [SETTLE_MS];
}
