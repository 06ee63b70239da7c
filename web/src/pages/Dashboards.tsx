import { useState } from "react";
import { words } from "../bus/ask";
import { DashboardView } from "../dashboards/DashboardView";
import { keepNew, useDashboards } from "../dashboards/useDashboards";
import { EMPTY } from "../model/dashboards";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { useConfirm } from "../parts/useConfirm";

/** Dashboards that users arranged; the one that the address names is shown. */
export function Dashboards() {
  const { router } = useSession();
  const { args } = useStore(router.store);
  const { all, trouble, bucket, reload } = useDashboards();
  const [wrong, setWrong] = useState("");
  const { confirm, dialog } = useConfirm();
  const wanted = args.get("d") ?? "";
  const shown = all?.find((each) => each.key === wanted);

  /** Do it, and say whether it was done. */
  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    const why = await work().then(() => "", words);
    setWrong(why);
    await reload();
    return why === "";
  }

  const create = () =>
    attempt(async () => {
      const key = await keepNew(bucket, { ...EMPTY, title: "New dashboard" }, all ?? []);
      router.change({ d: key, edit: "1" });
    });

  const remove = async () => {
    if (!shown || !(await confirm(`Delete ${shown.dashboard.title} for everybody?`))) return;
    await attempt(() => bucket.delete(shown.key, shown.revision));
    router.change({ d: null, edit: null });
  };

  return (
    <section aria-label="Dashboards">
      <div className="tools">
        <label>
          Dashboard{" "}
          <select value={shown ? wanted : ""} onChange={(event) => router.change({ d: event.target.value, edit: null })}>
            <option value="">choose one</option>
            {all?.map(({ key, dashboard }) => (
              <option key={key} value={key}>
                {dashboard.title || key}
              </option>
            ))}
          </select>
        </label>
        <button onClick={() => void create()}>New</button>
        {shown && <button onClick={() => void remove()}>Delete</button>}
        {shown && <span className="hint">its address is a link that others can open</span>}
      </div>
      {(wrong || trouble) && (
        <p role="alert" className="wrong">
          {wrong || trouble}
        </p>
      )}
      {wanted && all && !shown && <p role="alert">There is no dashboard {wanted} (any more).</p>}
      {shown && (
        <DashboardView
          key={shown.key}
          kept={shown}
          onSave={(dashboard, revision) => attempt(() => bucket.put(shown.key, JSON.stringify(dashboard), revision))}
        />
      )}
      {dialog}
    </section>
  );
}
