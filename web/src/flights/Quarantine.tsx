import { useState } from "react";
import { fromIso, utc } from "../model/format";
import { loadRemarks, type RecordScope, type Remark } from "../model/records";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";
import { HexDump } from "../parts/HexDump";
import { useQuery } from "../parts/useQuery";
import { AGAIN_MS, MOST_ROWS } from "./Gaps";

const keyOf = (each: Remark) => `${each.frame_offset} ${each.packet_index} ${each.stage} ${each.reason}`;

/** What could not be parsed, with its bytes. */
export function Quarantine({ scope, live }: { scope: RecordScope; live: boolean }) {
  const { bus } = useSession();
  const [open, setOpen] = useState("");
  const asked = { ...scope, limit: MOST_ROWS };
  const { answer, trouble } = useQuery(JSON.stringify(asked), () => loadRemarks(bus, asked), live ? AGAIN_MS : 0);
  const shown = answer?.find((each) => keyOf(each) === open);
  return (
    <section className="card wide" aria-labelledby="quarantine">
      <h2 id="quarantine">Quarantine</h2>
      {trouble && <p className="wrong">{trouble}</p>}
      {answer && (
        <p className="hint">{answer.length === MOST_ROWS ? `The first ${MOST_ROWS} remarks` : `${answer.length} remarks`}</p>
      )}
      <DataTable
        caption="Quarantine"
        rows={answer ?? []}
        keyOf={keyOf}
        empty={answer ? "Everything could be parsed." : "Loading…"}
        columns={[
          { head: "Frame", cell: (each) => each.frame_offset, number: true },
          { head: "Stage", cell: (each) => each.stage },
          { head: "Reason", cell: (each) => each.reason },
          { head: "Received", cell: (each) => utc(fromIso(each.received)) },
          { head: "Bytes", cell: (each) => each.size, number: true },
          { head: "Link", cell: (each) => each.link },
          {
            head: "Show",
            cell: (each) => (
              <button
                aria-expanded={keyOf(each) === open}
                aria-label={`Bytes of frame ${each.frame_offset}`}
                disabled={each.bytes === ""}
                onClick={() => setOpen(keyOf(each) === open ? "" : keyOf(each))}
              >
                Bytes
              </button>
            ),
          },
        ]}
      />
      {shown && (
        <div role="region" aria-label="Bytes in quarantine">
          <h3>
            Frame {shown.frame_offset}: {shown.reason}
          </h3>
          <HexDump hex={shown.bytes} places={[]} />
        </div>
      )}
    </section>
  );
}
