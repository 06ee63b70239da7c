/** Draws what has changed on a board into the cells, once a frame, past React: it renders rows, not values. */

import { useEffect, type RefObject } from "react";
import { asNumber, type Value } from "../bus/telemetry";
import type { Board, Sample } from "../model/board";
import type { Feed } from "../model/feed";
import { age, NOTHING, shown } from "../model/format";

/** A sample older than this looks stale, s. */
const STALE_S = 10;
const AGES_EVERY_MS = 500;

interface Row {
  element: HTMLTableRowElement;
  value: HTMLElement;
  age: HTMLElement;
}

/** Keep the rows (`tr[data-key]`) inside of `place` as the board is; `rendered` changes when rows do. */
export function useDrawing(board: Board, feed: Feed, place: RefObject<HTMLElement | null>, rendered: unknown): void {
  useEffect(() => {
    const rows = rowsIn(place.current);
    const drawAll = () => {
      for (const [key, row] of rows) drawValue(row, board.get(key));
      drawAges(rows, board, feed);
    };
    board.takeChanged();
    drawAll();
    let frame = requestAnimationFrame(function draw() {
      for (const key of board.takeChanged()) {
        const row = rows.get(key);
        if (row) drawValue(row, board.get(key));
      }
      frame = requestAnimationFrame(draw);
    });
    const timer = setInterval(() => drawAges(rows, board, feed), AGES_EVERY_MS);
    return () => {
      cancelAnimationFrame(frame);
      clearInterval(timer);
    };
  }, [board, feed, place, rendered]);
}

function rowsIn(place: HTMLElement | null): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const element of place?.querySelectorAll<HTMLTableRowElement>("tr[data-key]") ?? []) {
    const [value, age] = [".value", ".age"].map((name) => element.querySelector<HTMLElement>(name));
    if (value && age) rows.set(element.dataset.key ?? "", { element, value, age });
  }
  return rows;
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

function drawAges(rows: Map<string, Row>, board: Board, feed: Feed): void {
  for (const [key, row] of rows) {
    const sample = board.get(key);
    const seconds = sample ? feed.age(sample) : Number.NaN;
    write(row.age, sample ? age(seconds) : NOTHING);
    row.element.classList.toggle("stale", seconds > STALE_S);
  }
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
