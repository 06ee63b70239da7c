import { fromIso, utc } from "../model/format";
import { gapsText } from "../model/gaps";
import { loadGaps, type RecordScope } from "../model/records";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";
import { useQuery } from "../parts/useQuery";

export const MOST_ROWS = 500;
export const AGAIN_MS = 5000;

/** Missing sequence counts, and what other sessions know of them. */
export function Gaps({ scope, live }: { scope: RecordScope; live: boolean }) {
  const { bus } = useSession();
  const asked = { ...scope, limit: MOST_ROWS };
  const { answer, trouble } = useQuery(JSON.stringify(asked), () => loadGaps(bus, asked), live ? AGAIN_MS : 0);
  return (
    <section className="card wide" aria-labelledby="gaps">
      <h2 id="gaps">Gaps</h2>
      {trouble && <p className="wrong">{trouble}</p>}
      {answer && <p className="hint">{gapsText(answer, MOST_ROWS)}</p>}
      <DataTable
        caption="Gaps"
        rows={answer ?? []}
        keyOf={(each) => `${each.frame_offset} ${each.link} ${each.apid} ${each.sequence_count}`}
        empty={answer ? "Nothing is missing." : "Loading…"}
        columns={[
          { head: "APID", cell: (each) => each.apid, number: true },
          { head: "Missing", cell: (each) => each.missing, number: true },
          { head: "Filled", cell: (each) => each.filled, number: true },
          {
            head: "Still missing",
            cell: ({ still_missing: left }) => (left === 0 ? <b className="good">none</b> : left),
            number: true,
          },
          { head: "Filled by session", cell: (each) => each.filled_by.join(", ") },
          { head: "After count", cell: (each) => each.previous_count, number: true },
          { head: "Before count", cell: (each) => each.sequence_count, number: true },
          { head: "From", cell: (each) => utc(fromIso(each.previous_time)) },
          { head: "To", cell: (each) => utc(fromIso(each.time)) },
          { head: "Link", cell: (each) => each.link },
          { head: "Session", cell: (each) => each.session },
          { head: "Frame", cell: (each) => each.frame_offset, number: true },
        ]}
      />
    </section>
  );
}
