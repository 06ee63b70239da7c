import { count, utc } from "../model/format";
import type { RecordingSession } from "../model/operations";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";

interface Props {
  sessions: readonly RecordingSession[];
  /** Gaps and quarantine are those of this one; empty for all. */
  chosen: string;
  onChoose: (session: string) => void;
}

/** What was recorded when, the newest first. */
export function Sessions({ sessions, chosen, onChoose }: Props) {
  const page = useSession();
  return (
    <section className="card wide" aria-labelledby="sessions">
      <h2 id="sessions">Sessions</h2>
      <DataTable
        caption="Sessions"
        rows={[...sessions].reverse()}
        keyOf={(each) => `${each.link} ${each.session}`}
        empty="Nothing has been recorded yet."
        columns={[
          {
            head: "Session",
            cell: ({ session }) => (
              <button
                className="quiet"
                aria-pressed={session === chosen}
                onClick={() => onChoose(session === chosen ? "" : session)}
              >
                {session}
              </button>
            ),
          },
          { head: "Link", cell: (each) => each.link },
          { head: "From", cell: (each) => each.from },
          { head: "Opened", cell: (each) => utc(each.opened, 0) },
          { head: "Closed", cell: ({ closed }) => (closed === null ? <b className="good">open</b> : utc(closed, 0)) },
          { head: "Frames", cell: ({ frames }) => (frames === null ? "–" : count(frames)), number: true },
          { head: "Why it ended", cell: (each) => each.why },
          {
            head: "Look",
            cell: ({ session, closed }) => (
              <button
                aria-label={`Look at the end of ${session}`}
                disabled={closed === null}
                onClick={() => closed !== null && page.look({ kind: "then", at: closed, known: "then" })}
              >
                Look
              </button>
            ),
          },
        ]}
      />
      {chosen && <p className="hint">Gaps and quarantine below are those of {chosen}.</p>}
    </section>
  );
}
