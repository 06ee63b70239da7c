import { useMemo, useState } from "react";
import { Gaps } from "../flights/Gaps";
import { Generations } from "../flights/Generations";
import { Links } from "../flights/Links";
import { Quarantine } from "../flights/Quarantine";
import { Services } from "../flights/Services";
import { Sessions } from "../flights/Sessions";
import { linksOf, sessionsOf } from "../model/operations";
import type { RecordScope } from "../model/records";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { scopeOf } from "../model/view";

/** What was recorded, what is missing or could not be parsed, and the ground system itself. */
export function Flights() {
  const { log } = useSession();
  const view = useView();
  const { events, trouble } = useStore(log.store);
  const [session, setSession] = useState("");
  const known = useMemo(
    () => (view.kind === "then" && view.known === "then" ? events.filter((each) => each.recorded <= view.at) : events),
    [events, view],
  );
  const sessions = useMemo(() => sessionsOf(known), [known]);
  const links = useMemo(() => linksOf(known), [known]);
  const scope: RecordScope = { ...scopeOf(view), session: session || undefined };
  const live = view.kind === "live";
  return (
    <>
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      <div className="flights">
        <Links links={links} />
        <Services />
        <Sessions sessions={sessions} chosen={session} onChoose={setSession} />
        <Gaps scope={scope} live={live} />
        <Quarantine scope={scope} live={live} />
        <Generations />
      </div>
    </>
  );
}
