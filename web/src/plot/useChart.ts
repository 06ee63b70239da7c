/** A chart for as long as a plot is shown: made for its series, theme and size, drawn when there is news. */

import { useEffect, useRef, useState, type RefObject } from "react";
import { loadsAfter } from "../model/plotLoads";
import { padded, type PlotWindow } from "../model/plotWindow";
import { plotTable } from "../model/plotTable";
import type { Range } from "../model/timeBar";
import { Chart, type ChartEvents, type Place } from "./chart";
import { coloursAt } from "./colours";
import { markAt } from "./marks";
import { picksAt, type Pick } from "./picks";
import type { PlotSource } from "./plotSource";

/** Time between two drawings: a plot needs no more than this to look alive. */
const DRAW_EVERY_MS = 60;

interface Props {
  place: RefObject<HTMLDivElement | null>;
  source: PlotSource;
  keys: readonly string[];
  window: PlotWindow;
  range: () => Range;
  height: number;
  crossed: number | null;
  events: ChartEvents;
}

export interface ChartHandle {
  canvas: HTMLCanvasElement;
  /** Where picks stand in the drawing area. */
  places: (picks: readonly Pick[]) => Place[];
}

export function useChart(props: Props): RefObject<ChartHandle | null> {
  const { place, source, keys, window, height } = props;
  const latest = useRef(props);
  latest.current = props;
  const handle = useRef<ChartHandle | null>(null);
  const theme = useTheme();
  const width = useWidth(place);
  const names = keys.join(" ");
  const windowText = JSON.stringify(window);

  useEffect(() => source.follow(), [source]);

  useEffect(() => {
    if (keys.length === 0 || width === 0) return;
    const load = () => void source.load(latest.current.keys, stretchOf(latest.current), Math.round(width * 1.5));
    const timers = loadsAfter(source.isLive).map((ms) => setTimeout(load, ms));
    const again = setInterval(() => source.overfull && load(), 1000);
    return () => {
      for (const timer of timers) clearTimeout(timer);
      clearInterval(again);
    };
  }, [source, names, windowText, width]);

  useEffect(() => {
    if (!place.current || width === 0) return;
    const series = latest.current.keys.map((key) => seriesOf(source, key));
    const events = forwarded(latest);
    const chart = new Chart(place.current, series, coloursAt(place.current), { width, height }, events);
    const places = (picks: readonly Pick[]) =>
      picks.map(({ key, point }) => chart.place(point.time, point.value, unitOf(source, key)));
    handle.current = { canvas: chart.canvas, places };
    let drawn = 0;
    let last = "";
    let frame = requestAnimationFrame(function draw(now) {
      frame = requestAnimationFrame(draw);
      if (now - drawn < DRAW_EVERY_MS) return;
      const { keys, range, crossed, window } = latest.current;
      const shown = range();
      const state = `${crossed} ${window.kind === "last" ? shown.to : JSON.stringify(window)}`;
      if (!source.takeChanged() && state === last) return;
      [drawn, last] = [now, state];
      chart.draw(plotTable(keys.map((key) => source.of(key)), shown), shown);
      if (crossed !== null) chart.point(crossed);
      markAt(chart, crossed === null ? [] : places(picksAt(source, keys, crossed)));
    });
    return () => {
      cancelAnimationFrame(frame);
      chart.destroy();
      handle.current = null;
    };
  }, [source, names, width, height, theme, place]);

  return handle;
}

/** The stretch to load: one that follows has no end, so that what comes is taken. */
function stretchOf({ window, range }: Props): Range {
  const { from, to } = padded(range());
  return { from, to: window.kind === "last" ? Number.POSITIVE_INFINITY : to };
}

function forwarded(latest: RefObject<Props>): ChartEvents {
  return {
    onPoint: (time) => latest.current.events.onPoint(time),
    onSelect: (range) => latest.current.events.onSelect(range),
    onClick: (time, top) => latest.current.events.onClick(time, top),
    onWheel: (time, up) => latest.current.events.onWheel(time, up),
  };
}

function unitOf(source: PlotSource, key: string): string {
  return source.board.catalog.get(key)?.unit ?? "";
}

function seriesOf(source: PlotSource, key: string) {
  const type = source.board.catalog.get(key)?.type ?? "";
  return { key, unit: unitOf(source, key), stepped: !/int|float|double/.test(type) };
}

/** Counts changes of the theme. */
function useTheme(): number {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const change = () => setTheme((count) => count + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", change);
    addEventListener("themechange", change);
    return () => {
      system.removeEventListener("change", change);
      removeEventListener("themechange", change);
    };
  }, []);
  return theme;
}

function useWidth(place: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [place]);
  return width;
}
