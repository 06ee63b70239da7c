import { useMemo, useRef, useState } from "react";
import { moved, withWidget, type Dashboard, type Widget } from "../model/dashboards";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { useDrawing } from "../parts/boardDrawing";
import { RowTip } from "../parts/RowTip";
import type { Board } from "../model/board";
import type { Kept } from "./useDashboards";
import { WidgetEditor } from "./WidgetEditor";
import { WidgetView } from "./WidgetView";

interface Props {
  kept: Kept;
  /** Says whether it is kept now. */
  onSave: (dashboard: Dashboard, revision: number) => Promise<boolean>;
}

/** A dashboard to look at, or while it is edited a draft of it; nobody's change is overwritten when it is saved. */
export function DashboardView({ kept, onSave }: Props) {
  const { feed, router } = useSession();
  const { board, trouble } = useStore(feed.store);
  const editing = useStore(router.store).args.get("edit") === "1";
  const [draft, setDraft] = useState<Kept | null>(null);
  const basis = editing ? (draft ?? kept) : kept;
  const edit = (dashboard: Dashboard) => setDraft({ ...basis, dashboard });

  async function save() {
    if (await onSave(basis.dashboard, basis.revision)) stop();
  }

  /** What others save from now on does not slip in under the draft. */
  function start() {
    setDraft(kept);
    router.change({ edit: "1" });
  }

  function stop() {
    setDraft(null);
    router.change({ edit: null });
  }

  return (
    <>
      <div className="tools">
        {editing ? (
          <>
            <label>
              Title{" "}
              <input
                value={basis.dashboard.title}
                onChange={(event) => edit({ ...basis.dashboard, title: event.target.value })}
              />
            </label>
            <AddWidget dashboard={basis.dashboard} onChange={edit} />
            <button onClick={() => void save()}>Save</button>
            <button onClick={stop}>Cancel</button>
          </>
        ) : (
          <>
            <h2>{kept.dashboard.title}</h2>
            <button onClick={start}>Edit</button>
          </>
        )}
      </div>
      {trouble && <p className="wrong">{trouble}</p>}
      {board && <Widgets board={board} dashboard={basis.dashboard} onChange={editing ? edit : undefined} />}
    </>
  );
}

function AddWidget({ dashboard, onChange }: { dashboard: Dashboard; onChange: (dashboard: Dashboard) => void }) {
  const add = (widget: Widget) => onChange({ ...dashboard, widgets: [...dashboard.widgets, widget] });
  return (
    <>
      <button onClick={() => add({ kind: "values", title: "", parameters: [], wide: false })}>Add values</button>
      <button onClick={() => add({ kind: "plot", title: "", parameters: [], seconds: 60, wide: true })}>Add plot</button>
    </>
  );
}

interface WidgetsProps {
  board: Board;
  dashboard: Dashboard;
  /** Given while it is edited. */
  onChange?: (dashboard: Dashboard) => void;
}

function Widgets({ board, dashboard, onChange }: WidgetsProps) {
  const { feed } = useSession();
  const place = useRef<HTMLDivElement>(null);
  const rendered = useMemo(() => [board, dashboard], [board, dashboard]);
  useDrawing(board, feed, place, rendered);
  return (
    <>
      <div className="dashboard" ref={place}>
        {dashboard.widgets.map((widget, index) => (
          <section key={index} className={widget.wide ? "card wide" : "card"} aria-label={widget.title || widget.kind}>
            {onChange ? (
              <WidgetEditor
                widget={widget}
                catalog={board.catalog}
                onChange={(changed) => onChange(withWidget(dashboard, index, changed))}
                onMove={(by) => onChange(moved(dashboard, index, by))}
              />
            ) : (
              widget.title && <h3>{widget.title}</h3>
            )}
            <WidgetView board={board} widget={widget} />
          </section>
        ))}
        {dashboard.widgets.length === 0 && <p className="hint">Nothing is on it yet: edit it, and add values or plots.</p>}
      </div>
      <RowTip board={board} rows={place} />
    </>
  );
}
