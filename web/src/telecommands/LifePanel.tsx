import { milliseconds } from "../bus/telemetry";
import { utc } from "../model/format";
import { stepsOf } from "../model/life";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { argumentsText, loadLife, localName, type Life } from "../model/telecommands";
import { HexDump } from "../parts/HexDump";
import { useQuery } from "../parts/useQuery";
import { Decide } from "./Decide";
import { StateWord } from "./StateWord";
import { StepList } from "./StepList";

const AGAIN_MS = 5000;

/** The life of one telecommand: its state, what can be decided, every event, and its bytes. */
export function LifePanel({ id }: { id: string }) {
  const { bus, telecommands } = useSession();
  const { turn } = useStore(telecommands.store);
  const { answer, trouble } = useQuery(`${id} ${turn}`, () => loadLife(bus, id), AGAIN_MS);
  return (
    <>
      <h2 tabIndex={-1}>Telecommand {answer ? localName(answer.name) || id : id}</h2>
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      {answer ? <Found life={answer} /> : !trouble && <p>Loading…</p>}
    </>
  );
}

function Found({ life }: { life: Life }) {
  const view = useView();
  const until = view.kind === "then" && view.known === "then" ? view.at : Number.POSITIVE_INFINITY;
  const steps = stepsOf(life, until);
  const later = life.events.length + life.misfits.length - steps.length;
  return (
    <>
      {later === 0 && (
        <p role="status">
          <StateWord state={life.state} /> {life.reason}
        </p>
      )}
      {life.state === "uncertain" && later === 0 && (
        <p className="note">Nobody knows whether it left. It is not sent again by itself.</p>
      )}
      {later === 0 && <Decide one={life} />}
      <Facts life={life} />
      <h3>Events</h3>
      {later > 0 && <p className="note">{later} events were recorded after the time that the page shows.</p>}
      <StepList steps={steps} />
      {life.packet && (
        <>
          <h3>{life.packet.length / 2} bytes, as released</h3>
          <HexDump hex={life.packet} places={[]} label="Bytes of the telecommand" />
        </>
      )}
    </>
  );
}

function Facts({ life }: { life: Life }) {
  const facts: [string, string][] = [
    ["Id", life.id],
    ["Name", life.name],
    ["Arguments", argumentsText(life.arguments)],
    ["By", life.issuer],
    ["Link", life.link],
    ["Significance", life.significance],
    ["Approvals", life.approvals_needed ? `${life.approvers.length} of ${life.approvals_needed} ${life.approvers.join(", ")}` : ""],
    ["Not before", life.release_at ? utc(milliseconds(life.release_at)) : ""],
    ["Not after", life.expires ? utc(milliseconds(life.expires)) : ""],
    ["Waits for", life.missing.join(", ")],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, text]) => text && <Fact key={name} name={name} text={text} />)}
    </dl>
  );
}

function Fact({ name, text }: { name: string; text: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </>
  );
}
