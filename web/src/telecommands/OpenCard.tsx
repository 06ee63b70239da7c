import { milliseconds } from "../bus/telemetry";
import { utc } from "../model/format";
import { waitsForApproval } from "../model/life";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { argumentsText, localName, type Summary } from "../model/telecommands";
import { DataTable } from "../parts/DataTable";
import { Decide } from "./Decide";
import { LifeLink } from "./LifeLink";
import { QueueLine } from "./QueueLine";
import { StateWord } from "./StateWord";

/** What waits, is on its way, or wants a decision; with the queue of each link. */
export function OpenCard() {
  const { telecommands } = useSession();
  const live = useView().kind === "live";
  const { open, links, trouble } = useStore(telecommands.store);
  if (!live) return null;
  const ordered = [...open].sort((a, b) => urgency(b) - urgency(a));
  return (
    <section className="card" aria-labelledby="open">
      <h2 id="open">Under way</h2>
      {trouble && <p className="wrong">{trouble}</p>}
      {links.map((queue) => (
        <QueueLine key={queue.link} queue={queue} />
      ))}
      <DataTable
        caption="Under way"
        rows={ordered}
        keyOf={(each) => each.id}
        empty="Nothing is under way."
        columns={[
          { head: "Telecommand", cell: (each) => <LifeLink id={each.id} text={localName(each.name)} label={`Life of ${localName(each.name)} ${each.id}`} /> },
          { head: "State", cell: (each) => <StateOf one={each} /> },
          { head: "Decide", cell: (each) => <Decide one={each} /> },
          { head: "By", cell: (each) => each.issuer },
          { head: "Arguments", cell: (each) => argumentsText(each.arguments) },
          { head: "Not before", cell: ({ release_at: at }) => (at ? utc(milliseconds(at), 0) : "") },
          { head: "Submitted", cell: (each) => utc(milliseconds(each.submitted), 0) },
        ]}
      />
    </section>
  );
}

function StateOf({ one }: { one: Summary }) {
  const missing = one.approvals_needed - one.approvers.length;
  return (
    <>
      <StateWord state={one.state} />
      {waitsForApproval(one) && ` needs ${missing} ${missing === 1 ? "approval" : "approvals"}`}
    </>
  );
}

/** Uncertain ones first, then those that wait for an approval. */
function urgency(one: Summary): number {
  return one.state === "uncertain" ? 2 : waitsForApproval(one) ? 1 : 0;
}
