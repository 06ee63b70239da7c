/** One uPlot: an axis per unit, a line and a band from min to max per series, a crosshair. */

import uPlot from "uplot";
import { COLUMNS } from "../model/plotTable";
import type { Range } from "../model/timeBar";
import { faded, type Colours } from "./colours";
import { timeTicks, valueTick } from "./ticks";

export interface ChartSeries {
  key: string;
  unit: string;
  /** Labels and switches stay as they are until the next sample. */
  stepped: boolean;
}

export interface Place {
  left: number;
  top: number;
}

export interface ChartEvents {
  /** The pointer is at a time (ms), or has left. */
  onPoint: (time: number | null) => void;
  onSelect: (range: Range) => void;
  /** A click at a time and a height (CSS pixels from the top). */
  onClick: (time: number, top: number) => void;
  onWheel: (time: number, up: boolean) => void;
}

const BAND_ALPHA = 0.22;
const AXIS_WIDTH = 62;
const LEAST_DRAG_PX = 4;

export class Chart {
  private readonly plot: uPlot;
  private range: Range = { from: 0, to: 1 };

  constructor(
    place: HTMLElement,
    private readonly series: readonly ChartSeries[],
    private readonly colours: Colours,
    size: { width: number; height: number },
    private readonly events: ChartEvents,
  ) {
    this.plot = new uPlot(this.options(size), [[], ...series.flatMap(() => [[], [], []])], place);
    this.plot.over.addEventListener("wheel", this.wheel, { passive: false });
    this.plot.over.addEventListener("click", this.click);
    this.plot.over.addEventListener("mousemove", (event) => {
      // A browser sends one too when the page moves under a pointer that rests: the keyboard keeps the crosshair then.
      if (event.movementX !== 0 || event.movementY !== 0) events.onPoint(this.timeAt(event.offsetX));
    });
    this.plot.over.addEventListener("mouseleave", () => events.onPoint(null));
  }

  draw(table: uPlot.AlignedData, range: Range): void {
    this.range = range;
    this.plot.batch(() => {
      this.plot.setData(table, false);
      this.plot.setScale("x", { min: range.from / 1000, max: range.to / 1000 });
    });
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width, height });
  }

  /** Put the crosshair's line at a time. */
  point(time: number): void {
    this.plot.setCursor({ left: this.leftOf(time), top: this.plot.over.clientHeight / 2 }, false);
  }

  /** Where a value stands in the drawing area, CSS pixels. */
  place(time: number, value: number, unit: string): Place {
    return { left: this.leftOf(time), top: this.plot.valToPos(value, scaleOf(unit)) };
  }

  /** The drawing area, over which marks are put. */
  get over(): HTMLElement {
    return this.plot.over;
  }

  get canvas(): HTMLCanvasElement {
    return this.plot.ctx.canvas;
  }

  destroy(): void {
    this.plot.destroy();
  }

  private leftOf(time: number): number {
    return this.plot.valToPos(time / 1000, "x");
  }

  private timeAt(left: number): number {
    return this.plot.posToVal(left, "x") * 1000;
  }

  private wheel = (event: WheelEvent) => {
    event.preventDefault();
    this.events.onWheel(this.timeAt(event.offsetX), event.deltaY < 0);
  };

  private click = (event: MouseEvent) => this.events.onClick(this.timeAt(event.offsetX), event.offsetY);

  private options({ width, height }: { width: number; height: number }): uPlot.Options {
    const units = [...new Set(this.series.map((each) => each.unit))];
    return {
      width,
      height,
      ms: 1e-3 as uPlot.Options["ms"],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: {
        x: { time: true, range: () => [this.range.from / 1000, this.range.to / 1000] },
        ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: roomy }])),
      },
      axes: [this.axis({ space: 90, values: (_, splits, __, ___, distance) => timeTicks(splits, distance) }), ...units.map((unit, index) => this.valueAxis(unit, index))],
      series: [{}, ...this.series.flatMap((each, index) => this.columns(each, index))],
      bands: this.series.map((_, index) => this.band(index)),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX } },
      hooks: { setSelect: [this.selected] },
    };
  }

  private selected = (plot: uPlot) => {
    const { left, width } = plot.select;
    if (width < LEAST_DRAG_PX) return;
    this.events.onSelect({ from: this.timeAt(left), to: this.timeAt(left + width) });
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  };

  private axis(more: uPlot.Axis): uPlot.Axis {
    const { text, grid } = this.colours;
    const font = "12px system-ui, sans-serif";
    return { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font, labelFont: font, ...more };
  }

  private valueAxis(unit: string, index: number): uPlot.Axis {
    const colour = this.colours.series[this.series.findIndex((each) => each.unit === unit) % this.colours.series.length];
    return this.axis({
      scale: scaleOf(unit),
      side: index % 2 === 0 ? 3 : 1,
      size: AXIS_WIDTH,
      label: unit || "no unit",
      labelSize: 16,
      stroke: colour,
      grid: { show: index === 0, stroke: this.colours.grid, width: 1 },
      values: (_, splits) => splits.map(valueTick),
    });
  }

  private columns({ unit, stepped }: ChartSeries, index: number): uPlot.Series[] {
    const stroke = this.colours.series[index % this.colours.series.length];
    const scale = scaleOf(unit);
    const dash = index >= this.colours.series.length ? [6, 4] : undefined;
    const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const edge: uPlot.Series = { scale, stroke: "transparent", points: { show: false }, paths };
    return [{ scale, stroke, width: 1.5, dash, paths }, edge, edge];
  }

  private band(index: number): uPlot.Band {
    const colour = this.colours.series[index % this.colours.series.length] ?? "";
    const first = 1 + index * COLUMNS;
    return { series: [first + 2, first + 1], fill: faded(colour, BAND_ALPHA) };
  }
}

function scaleOf(unit: string): string {
  return `unit ${unit}`;
}

/** Some room above and below; a constant value stands in the middle. */
function roomy(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const room = max > min ? (max - min) * 0.07 : Math.abs(max) * 0.1 || 1;
  return [min - room, max + room];
}
