/** Which rows of tables are in sight. */

import { grouped } from "../model/grouped";

/** Rows this near to what is in sight count as in sight, so that nobody scrolls to old values. */
const NEAR = "100px";

/**
 * Call `see` whenever a row comes into sight or goes out of it, until the returned function is called.
 *
 * Rows are watched only while something of their table is in sight: a thousand that are watched cost 0.4 ms a frame.
 */
export function watchSight<Row extends { element: HTMLElement }>(
  rows: readonly Row[],
  see: (row: Row, inSight: boolean) => void,
): () => void {
  const ofElement = new Map(rows.map((row) => [row.element as Element, row]));
  const ofTable = grouped(rows, (row): Element => row.element.closest("table") ?? row.element);
  const single = watching((element, inSight) => see(ofElement.get(element) as Row, inSight));
  const whole = watching((table, inSight) => {
    for (const row of ofTable.get(table) ?? []) {
      if (inSight) single.observe(row.element);
      else {
        single.unobserve(row.element);
        see(row, false);
      }
    }
  });
  for (const table of ofTable.keys()) whole.observe(table);
  return () => {
    single.disconnect();
    whole.disconnect();
  };
}

function watching(seen: (element: Element, inSight: boolean) => void): IntersectionObserver {
  return new IntersectionObserver((all) => all.forEach((one) => seen(one.target, one.isIntersecting)), {
    rootMargin: NEAR,
  });
}
