/**
 * Draws what has changed on a board into the cells, past React: it renders rows, not values.
 *
 * A frame in which anything changed costs the browser some milliseconds however little it is, so changes that come
 * together are drawn together; a limit keeps one frame from taking all of a wall's worth of rows.
 */

import { useEffect, type RefObject } from "react";
import { asNumber, type Value } from "../bus/telemetry";
import type { Board, Sample } from "../model/board";
import type { Feed } from "../model/feed";
import { age, NOTHING, shown } from "../model/format";

/** A sample older than this looks stale, s. */
const STALE_S = 10;
const AGES_EVERY_MS = 500;
/** Values, and ages, that are drawn in one frame at most. */
const A_FRAME = 250;

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
      for (const [key, row] of rows) {
        drawValue(row, board.get(key));
        drawAge(row, board.get(key), feed);
      }
    };
    board.takeChanged();
    drawAll();
    const keys = [...rows.keys()];
    let next = keys.length;
    const timer = setInterval(() => (next = 0), AGES_EVERY_MS);
    let frame = requestAnimationFrame(function draw() {
      for (const key of board.takeChanged(A_FRAME)) {
        const row = rows.get(key);
        if (!row) continue;
        drawValue(row, board.get(key));
        if (row.element.classList.contains("stale") || row.age.textContent === NOTHING) drawAge(row, board.get(key), feed);
      }
      for (const key of keys.slice(next, next + A_FRAME)) drawAge(rows.get(key) as Row, board.get(key), feed);
      next += A_FRAME;
      frame = requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearInterval(timer);
    };
  }, [board, feed, place, rendered]);
}

function rowsIn(place: HTMLElement | null): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const element of place?.querySelectorAll<HTMLTableRowElement>("tr[data-key]") ?? []) {
    const [value, age] = [".value .text", ".age .text"].map((name) => element.querySelector<HTMLElement>(name));
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
