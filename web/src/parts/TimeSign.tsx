import { utc } from "../model/format";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import type { View } from "../model/view";

/** Says which time is shown, and plainly when it is not the present. */
export function TimeSign({ view }: { view: View }) {
  return (
    <p role="status" className={`time-sign ${view.kind}`}>
      {view.kind === "live" && <b>LIVE</b>}
      {view.kind === "then" && <Then at={view.at} known={view.known} />}
      {view.kind === "replay" && <Replayed />}
    </p>
  );
}

function Then({ at, known }: { at: number; known: "then" | "today" }) {
  const { feed } = useSession();
  const { loading } = useStore(feed.store);
  return (
    <>
      <b>NOT LIVE</b> {known === "then" ? "what was known at" : "what is known today of"} {utc(at, 0)}
      {loading && " …"}
    </>
  );
}

function Replayed() {
  const { feed } = useSession();
  const { replay, trouble } = useStore(feed.store);
  return (
    <>
      <b>NOT LIVE</b> {replay ? `replay of generation ${replay.store.state.generation}` : trouble || "replay …"}
    </>
  );
}
