import { useEffect, useMemo, useRef, useState } from "react";
import type { Board, Sample } from "../model/board";
import type { Parameter } from "../model/catalog";
import { age, shown } from "../model/format";

/** A sample older than this looks stale, ms. */
const STALE_MS = 10_000;

/** Every parameter's newest value, by packet. */
export function Console({ board }: { board: Board }) {
  const [search, setSearch] = useState("");
  const groups = useMemo(() => grouped(board.catalog.parameters, search), [board, search]);
  const table = useRef<HTMLDivElement>(null);
  useDrawing(board, table, groups);
  return (
    <section aria-label="Console">
      <div className="tools">
        <label>
          Search{" "}
          <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <span className="hint">generation {board.catalog.generation}</span>
      </div>
      <div className="board" ref={table}>
        {[...groups].map(([packet, parameters]) => (
          <table key={packet} className="packet">
            <caption>{packet}</caption>
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">Value</th>
                <th scope="col">Unit</th>
                <th scope="col">Age</th>
              </tr>
            </thead>
            <tbody>
              {parameters.map((parameter) => (
                <tr key={parameter.key} data-key={parameter.key}>
                  <th scope="row" title={parameter.description}>
                    {parameter.label}
                  </th>
                  <td className="value">–</td>
                  <td className="unit">{parameter.unit}</td>
                  <td className="age">–</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}

function grouped(parameters: readonly Parameter[], search: string): Map<string, Parameter[]> {
  const wanted = search.trim().toLowerCase();
  const groups = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const text = `${parameter.key} ${parameter.description}`.toLowerCase();
    if (wanted && !text.includes(wanted)) continue;
    const group = groups.get(parameter.packet);
    if (group) group.push(parameter);
    else groups.set(parameter.packet, [parameter]);
  }
  return groups;
}

/** Draw what has changed into the cells, once a frame, past React: it renders rows, not values. */
function useDrawing(board: Board, table: React.RefObject<HTMLDivElement | null>, groups: Map<string, Parameter[]>) {
  useEffect(() => {
    const rows = new Map<string, Row>();
    for (const element of table.current?.querySelectorAll<HTMLTableRowElement>("tr[data-key]") ?? []) {
      rows.set(element.dataset.key ?? "", rowOf(element));
    }
    for (const [key, row] of rows) drawValue(row, board.get(key));
    board.takeChanged();
    let frame = requestAnimationFrame(function draw() {
      for (const key of board.takeChanged()) {
        const row = rows.get(key);
        if (row) drawValue(row, board.get(key));
      }
      frame = requestAnimationFrame(draw);
    });
    const timer = setInterval(() => drawAges(rows, board, Date.now()), 500);
    return () => {
      cancelAnimationFrame(frame);
      clearInterval(timer);
    };
  }, [board, table, groups]);
}

interface Row {
  element: HTMLTableRowElement;
  value: HTMLTableCellElement;
  age: HTMLTableCellElement;
}

function rowOf(element: HTMLTableRowElement): Row {
  return {
    element,
    value: element.querySelector(".value") as HTMLTableCellElement,
    age: element.querySelector(".age") as HTMLTableCellElement,
  };
}

function drawValue(row: Row, sample: Sample | undefined) {
  if (!sample) return;
  const text = shown(sample.value);
  if (row.value.textContent !== text) row.value.textContent = text;
  const level = sample.level;
  if (row.element.dataset.level !== level) row.element.dataset.level = level;
  row.value.title = `raw ${shown(sample.raw)}, frame ${sample.frameOffset}`;
}

function drawAges(rows: Map<string, Row>, board: Board, now: number) {
  for (const [key, row] of rows) {
    const sample = board.get(key);
    if (!sample) continue;
    row.age.textContent = age((now - sample.received) / 1000);
    row.element.classList.toggle("stale", now - sample.received > STALE_MS);
  }
}
