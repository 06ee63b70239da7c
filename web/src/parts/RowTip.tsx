import { useEffect, useState, type RefObject } from "react";
import type { Board } from "../model/board";
import { exact, utc } from "../model/format";
import { useNow } from "../model/useNow";

interface Props {
  board: Board;
  rows: RefObject<HTMLElement | null>;
}

/** Beside the row under the pointer or with the focus: its raw value, all digits, and where it comes from. */
export function RowTip({ board, rows }: Props) {
  const row = useRowAt(rows);
  useNow(row ? 250 : 60_000);
  const key = row?.dataset.key ?? "";
  const parameter = board.catalog.get(key);
  if (!row || !parameter) return null;
  const sample = board.get(key);
  const { left, bottom, top } = row.getBoundingClientRect();
  const above = bottom > innerHeight - 130;
  const style = {
    left: Math.max(4, Math.min(left, innerWidth - 330)),
    ...(above ? { bottom: innerHeight - top + 2 } : { top: bottom + 2 }),
  };
  return (
    <div role="tooltip" id="row-tip" className="tip" style={style}>
      <b>{key}</b> {parameter.description}
      {sample ? (
        <dl>
          <dt>raw</dt>
          <dd>{exact(sample.raw)}</dd>
          <dt>value</dt>
          <dd>
            {exact(sample.value)} {parameter.unit}
          </dd>
          <dt>time</dt>
          <dd>{utc(sample.time)}</dd>
          <dt>frame</dt>
          <dd>{sample.frameOffset}</dd>
        </dl>
      ) : (
        <p>no sample yet</p>
      )}
    </div>
  );
}

function useRowAt(rows: RefObject<HTMLElement | null>): HTMLElement | null {
  const [row, setRow] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const place = rows.current;
    if (!place) return;
    const show = (event: Event) => {
      const found = (event.target as Element).closest<HTMLElement>("tr[data-key]");
      setRow(found);
      if (event.type === "focusin") (event.target as Element).setAttribute("aria-describedby", "row-tip");
    };
    const hide = (event: Event) => {
      setRow(null);
      if (event.type === "focusout") (event.target as Element).removeAttribute("aria-describedby");
    };
    const hideOnEscape = (event: KeyboardEvent) => event.key === "Escape" && setRow(null);
    place.addEventListener("mouseover", show);
    place.addEventListener("mouseleave", hide);
    place.addEventListener("focusin", show);
    place.addEventListener("focusout", hide);
    addEventListener("keydown", hideOnEscape);
    return () => {
      place.removeEventListener("mouseover", show);
      place.removeEventListener("mouseleave", hide);
      place.removeEventListener("focusin", show);
      place.removeEventListener("focusout", hide);
      removeEventListener("keydown", hideOnEscape);
    };
  }, [rows]);
  return row?.isConnected ? row : null;
}
