import { fromIso, iso, utc } from "../model/format";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { argumentsText, loadPast, localName, type PastScope } from "../model/telecommands";
import { scopeOf, type ViewScope } from "../model/view";
import { DataTable } from "../parts/DataTable";
import { useQuery } from "../parts/useQuery";
import { LifeLink } from "./LifeLink";
import { PastFilters } from "./PastFilters";
import { StateWord } from "./StateWord";

const MOST_ROWS = 200;
const AGAIN_MS = 2000;

/** All telecommands, the last ones first, as they are or as they were at the time that the page shows. */
export function PastCard() {
  const { bus, router, telecommands } = useSession();
  const { args } = useStore(router.store);
  const { turn } = useStore(telecommands.store);
  const view = useView();
  const scope = scopeFor(filtersOf(args), scopeOf(view));
  const live = view.kind === "live";
  const { answer, trouble } = useQuery(`${JSON.stringify(scope)} ${turn}`, () => loadPast(bus, scope), live ? AGAIN_MS : 0);
  return (
    <section className="card wide" aria-labelledby="past">
      <h2 id="past">History</h2>
      <PastFilters args={args} onChange={(changes) => router.change(changes)} />
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      {answer && <p className="hint">{answer.length === MOST_ROWS ? `The last ${MOST_ROWS}` : `${answer.length} telecommands`}</p>}
      <DataTable
        caption="History"
        rows={answer ?? []}
        keyOf={(each) => each.telecommand}
        empty={answer ? "There is none." : "Loading…"}
        columns={[
          { head: "Submitted", cell: ({ submitted }) => (submitted ? utc(fromIso(submitted)) : "–") },
          {
            head: "Telecommand",
            cell: ({ telecommand, name, request }) => {
              const text = localName(name) || `(${request})`;
              return <LifeLink id={telecommand} text={text} label={`Life of ${text} ${telecommand}`} />;
            },
          },
          { head: "State", cell: ({ state }) => <StateWord state={state} /> },
          { head: "By", cell: ({ issuer }) => issuer },
          { head: "Approved by", cell: ({ approvers }) => approvers.join(", ") },
          { head: "Arguments", cell: (each) => argumentsText(each.arguments) },
          { head: "Ended", cell: ({ ended }) => (ended ? utc(fromIso(ended)) : "–") },
          { head: "Reason", cell: ({ reason }) => <span className="reason">{reason}</span> },
        ]}
      />
    </section>
  );
}

/** Filters within what the page shows: of two ends the earlier one counts. */
function scopeFor(filters: PastScope, shown: ViewScope): PastScope {
  const ends = [filters.to, shown.to].filter((end) => end !== undefined).sort();
  return { ...filters, ...shown, to: ends[0], limit: MOST_ROWS, newest: true };
}

/** The filters in the address; a time that makes no sense is none. */
function filtersOf(args: URLSearchParams): PastScope {
  const scope: PastScope = {};
  for (const key of ["name", "issuer", "state"] as const) {
    const text = args.get(key);
    if (text) scope[key] = text;
  }
  for (const key of ["from", "to"] as const) {
    const time = iso(fromIso(args.get(key) ?? ""));
    if (time) scope[key] = time;
  }
  return scope;
}
