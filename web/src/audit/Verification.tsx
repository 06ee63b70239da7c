import { useMemo } from "react";
import { lastVerification, type Verification as Found } from "../model/audit";
import { count, utc } from "../model/format";
import type { Operation } from "../model/operations";
import { DataTable } from "../parts/DataTable";
import { VerifyForm } from "./VerifyForm";

interface Props {
  /** Verifications in OPERATIONS; null while they are not known. */
  events: readonly Operation[] | null;
  onVerified: () => void;
}

/** What the last verification found, and a new one. */
export function Verification({ events, onVerified }: Props) {
  const last = useMemo(() => (events ? lastVerification(events) : null), [events]);
  return (
    <section className="card wide" aria-labelledby="verification">
      <h2 id="verification">Verification</h2>
      {last ? <Outcome found={last} /> : <p className="hint">{events ? "Nothing was verified yet." : "Loading…"}</p>}
      <VerifyForm onVerified={onVerified} />
    </section>
  );
}

function Outcome({ found }: { found: Found }) {
  return (
    <>
      <p>
        <b className={found.good ? "good" : "bad"}>{found.good ? "GOOD" : "BROKEN"}</b> as of {utc(found.recorded, 0)}, asked
        for by {found.who}
        {found.headsGiven > 0 && found.notFound.length === 0 && found.good && `, and heads that were kept elsewhere are part of it (${found.headsGiven})`}
        {found.unsealed > 0 && `; ${count(found.unsealed)} frames were not sealed yet`}
      </p>
      {!found.good && <Broken found={found} />}
      <DataTable
        caption="Streams verified"
        rows={found.streams}
        keyOf={(each) => each.stream}
        empty=""
        columns={[
          { head: "Stream", cell: (each) => each.stream },
          { head: "Messages", cell: (each) => count(each.messages), number: true },
          { head: "Proven up to", cell: (each) => count(each.provenTo), number: true },
          { head: "Last offset", cell: (each) => count(each.lastOffset), number: true },
          { head: "Broken", cell: ({ broken }) => <b className={broken ? "bad" : "good"}>{broken}</b>, number: true },
        ]}
      />
    </>
  );
}

function Broken({ found }: { found: Found }) {
  return (
    <div role="alert" className="broken">
      {found.streams.map(
        ({ stream, first, provenTo }) =>
          first && (
            <p key={stream}>
              <b>
                {first.stream} is broken from offset {first.offset}
              </b>
              : {first.what}. Up to offset {provenTo} all is proven.
            </p>
          ),
      )}
      {found.notFound.map((hash) => (
        <p key={hash}>
          No event and no seal has the hash <code>{hash}</code>.
        </p>
      ))}
      <p>
        What to do: stop the program and keep the data folder as it is. Compare the offset with heads and exports that were
        kept elsewhere, and look for a copy of the folder from before. What can be read may still be exported; the
        stand-alone verifier will tell of the damage.
      </p>
    </div>
  );
}
