import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { loadDefinitions, type Definition } from "../model/telecommands";
import { useQuery } from "../parts/useQuery";
import { SendForm } from "./SendForm";

/** A mission that is loaded anew may have others. */
const AGAIN_MS = 15_000;

/** Choose a telecommand of the mission database; the address holds which. */
export function SendCard() {
  const { bus, router } = useSession();
  const { args } = useStore(router.store);
  const view = useView();
  const { answer, trouble } = useQuery("definitions", () => loadDefinitions(bus), AGAIN_MS);
  const wanted = args.get("send") ?? "";
  const chosen = answer?.find((each) => each.qualified_name === wanted);
  return (
    <section className="card" aria-labelledby="send">
      <h2 id="send">Send a telecommand</h2>
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      {view.kind !== "live" && <p className="note">The page does not show the present. Go live to send.</p>}
      <p className="tools">
        <label htmlFor="send-name">Telecommand</label>
        <select id="send-name" value={chosen ? wanted : ""} onChange={(event) => router.change({ send: event.target.value || null })}>
          <option value="">{answer ? "choose one" : "Loading…"}</option>
          {answer?.map((each) => (
            <option key={each.qualified_name} value={each.qualified_name}>
              {each.name}
              {each.approvals_needed > 0 && ` (${each.significance})`}
            </option>
          ))}
        </select>
      </p>
      {answer?.length === 0 && <p className="hint">The mission database has no telecommands.</p>}
      {chosen && (
        <>
          <About definition={chosen} />
          <SendForm key={chosen.qualified_name} definition={chosen} live={view.kind === "live"} />
        </>
      )}
    </section>
  );
}

function About({ definition }: { definition: Definition }) {
  const { description, significance, significance_reason: reason, constraints, place } = definition;
  return (
    <div className="about">
      <p>{description}</p>
      {significance !== "none" && (
        <p>
          <b className={significance}>{significance}</b>
          {reason && `: ${reason}`}
        </p>
      )}
      {constraints.map(({ condition, timeout_s: timeout }) => (
        <p key={condition}>
          Leaves only while {condition}
          {timeout === null ? "" : `, waits ${timeout} s for it`}.
        </p>
      ))}
      <p className="hint">{place}</p>
    </div>
  );
}
