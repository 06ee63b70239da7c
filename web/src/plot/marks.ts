/** Marks on the samples that the crosshair picks. */

import type { Chart, Place } from "./chart";

const CLASS = "plot-mark";

export function markAt(chart: Chart, places: readonly Place[]): void {
  const marks = [...chart.over.querySelectorAll<HTMLElement>(`.${CLASS}`)];
  while (marks.length < places.length) {
    const mark = document.createElement("i");
    mark.className = CLASS;
    chart.over.append(mark);
    marks.push(mark);
  }
  marks.forEach((mark, index) => {
    const at = places[index];
    mark.hidden = !at || !Number.isFinite(at.top);
    if (!at || mark.hidden) return;
    mark.style.top = `${at.top}px`;
    mark.style.left = `${at.left}px`;
  });
}
