import { useCallback, useMemo, useRef, useState } from "react";
import { boardGroups } from "../model/boardGroups";
import type { Board } from "../model/board";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { AlarmStrip } from "../parts/AlarmStrip";
import { PacketTable } from "../parts/PacketTable";
import { RowTip } from "../parts/RowTip";
import { useDrawing } from "../parts/boardDrawing";
import { moveAmongRows } from "../parts/rowKeys";

/** Every parameter's newest value, by packet. */
export function Console() {
  const { feed } = useSession();
  const { board, trouble, loading } = useStore(feed.store);
  return (
    <section aria-label="Console" aria-busy={loading}>
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      {board ? <BoardView board={board} /> : !trouble && <p className="notice">Loading…</p>}
    </section>
  );
}

function BoardView({ board }: { board: Board }) {
  const { feed } = useSession();
  const [search, setSearch] = useState("");
  const [headers, setHeaders] = useState(false);
  const groups = useMemo(() => boardGroups(board.catalog, { search, headers }), [board, search, headers]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const fold = useCallback((packet: string) => setFolded((before) => toggled(before, packet)), []);
  const rendered = useMemo(() => [groups, folded], [groups, folded]);
  const tables = useRef<HTMLDivElement>(null);
  useDrawing(board, feed, tables, rendered);
  const found = groups.reduce((sum, group) => sum + group.parameters.length, 0);
  return (
    <>
      <div className="tools">
        <label>
          Search <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <label>
          <input type="checkbox" checked={headers} onChange={(event) => setHeaders(event.target.checked)} /> header
          fields
        </label>
        <span className="hint" role="status">
          {found} {found === 1 ? "parameter" : "parameters"}, generation {board.catalog.generation}
        </span>
      </div>
      <AlarmStrip board={board} />
      <div className="board" ref={tables} onKeyDown={moveAmongRows}>
        {groups.map(({ packet, parameters }) => (
          <PacketTable
            key={packet}
            packet={packet}
            parameters={parameters}
            folded={folded.has(packet)}
            onFold={fold}
          />
        ))}
      </div>
      <RowTip board={board} rows={tables} />
    </>
  );
}

function toggled<Item>(items: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  const changed = new Set(items);
  if (!changed.delete(item)) changed.add(item);
  return changed;
}
