/** Draws what has changed on a board into the cells, past React: it renders rows, not values. */

import { useEffect, type RefObject } from "react";
import { asNumber, type Value } from "../bus/telemetry";
import type { Board, Sample } from "../model/board";
import type { Feed } from "../model/feed";
import { age, NOTHING, shown } from "../model/format";
import { grouped } from "../model/grouped";
import { DrawingTurns } from "./drawingTurns";
import { watchSight } from "./rowSight";

/** A sample older than this looks stale, s. */
const STALE_S = 10;

interface Row {
  key: string;
  element: HTMLTableRowElement;
  value: HTMLElement;
  age: HTMLElement;
}

/** Keep the rows (`tr[data-key]`) inside of `place` as the board is; `rendered` changes when rows do. */
export function useDrawing(board: Board, feed: Feed, place: RefObject<HTMLElement | null>, rendered: unknown): void {
  useEffect(() => {
    const rows = rowsIn(place.current);
    // A parameter has several rows where several parts of a dashboard show it.
    const ofKey = grouped(rows, (row) => row.key);
    const turns = new DrawingTurns(rows);
    board.takeChanged();
    for (const row of rows) drawRow(row, board, feed);
    const stopWatching = watchSight(rows, (row, inSight) => turns.see(row, inSight));
    let frame = requestAnimationFrame(function draw(now) {
      const due = turns.take(board.takeChanged().flatMap((key) => ofKey.get(key) ?? []), now);
      for (const row of due.values) {
        if (looksOld(row)) drawRow(row, board, feed);
        else drawValue(row, board.get(row.key));
      }
      for (const row of due.rows) drawRow(row, board, feed);
      frame = requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      stopWatching();
    };
  }, [board, feed, place, rendered]);
}

function rowsIn(place: HTMLElement | null): Row[] {
  return [...(place?.querySelectorAll<HTMLTableRowElement>("tr[data-key]") ?? [])].flatMap((element) => {
    const [value, age] = [".value .text", ".age .text"].map((name) => element.querySelector<HTMLElement>(name));
    return value && age ? [{ key: element.dataset.key ?? "", element, value, age }] : [];
  });
}

function looksOld({ element, age }: Row): boolean {
  return element.classList.contains("stale") || age.textContent === NOTHING;
}

function drawRow(row: Row, board: Board, feed: Feed): void {
  const sample = board.get(row.key);
  drawValue(row, sample);
  drawAge(row, sample, feed);
}

function drawValue({ element, value }: Row, sample: Sample | undefined): void {
  write(value, shown(sample?.value));
  const level = isOdd(sample?.value) ? "odd" : (sample?.level ?? "none");
  if (element.dataset.level !== level) element.dataset.level = level;
}

/** Whether a number is none that an alarm could judge: NaN or infinite. */
export function isOdd(value: Value | undefined): boolean {
  const number = asNumber(value);
  return number !== null && !Number.isFinite(number);
}

function drawAge(row: Row, sample: Sample | undefined, feed: Feed): void {
  const seconds = sample ? feed.age(sample) : Number.NaN;
  write(row.age, sample ? age(seconds) : NOTHING);
  row.element.classList.toggle("stale", seconds > STALE_S);
}

/** Texts change in place: a cell's text node is kept, which costs less than a new one. */
function write(cell: HTMLElement, text: string): void {
  const node = cell.firstChild;
  if (node?.nodeType === Node.TEXT_NODE) {
    if (node.nodeValue !== text) node.nodeValue = text;
  } else {
    cell.textContent = text;
  }
}
