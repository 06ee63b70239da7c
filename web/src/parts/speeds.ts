/** Speeds of a replay that the page offers: seconds of flight per second. */

export const SPEEDS = [0.1, 0.5, 1, 2, 5, 10, 100, 0] as const;

export function speedText(speed: number): string {
  return speed === 0 ? "as fast as it goes" : `× ${speed}`;
}
