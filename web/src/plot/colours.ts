/** The style sheet's colours as a canvas needs them: resolved for the theme that is shown. */

const SERIES = 8;

export interface Colours {
  series: string[];
  text: string;
  grid: string;
  ground: string;
}

/** Read them where the plot stands. */
export function coloursAt(place: HTMLElement): Colours {
  const probe = document.createElement("span");
  place.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const series = Array.from({ length: SERIES }, (_, index) => read(`--series-${index}`));
  const colours = { series, text: read("--dim"), grid: read("--line"), ground: read("--card") };
  probe.remove();
  return colours;
}

/** `rgb(…)` with an alpha. */
export function faded(colour: string, alpha: number): string {
  return colour.replace(/^rgba?\(([^,]+,[^,]+,[^,)]+).*\)$/, `rgba($1, ${alpha})`);
}
