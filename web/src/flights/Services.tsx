import { count, fromIso, utc } from "../model/format";
import { loadLag } from "../model/records";
import { loadServices, type ServiceState } from "../model/services";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";
import { useQuery } from "../parts/useQuery";

const LAG_EVERY_MS = 1000;
const SERVICES_EVERY_MS = 5000;

/** Which services answer, and how far parser and writer are behind what is recorded. */
export function Services() {
  const { bus } = useSession();
  const { answer, trouble } = useQuery("services", () => loadServices(bus), SERVICES_EVERY_MS);
  return (
    <section className="card" aria-labelledby="services">
      <h2 id="services">Services</h2>
      <LagLine />
      {trouble && <p className="wrong">{trouble}</p>}
      <DataTable
        caption="Services"
        rows={answer ?? []}
        keyOf={(each) => each.name}
        empty={answer ? "No service answers." : "Loading…"}
        columns={[
          { head: "Service", cell: (each) => each.name },
          {
            head: "State",
            cell: (each) => <State of={each} />,
          },
          { head: "Instances", cell: (each) => each.instances, number: true },
          { head: "Requests", cell: (each) => count(each.requests), number: true },
          { head: "Refused", cell: (each) => <span title={each.lastError}>{count(each.failed)}</span>, number: true },
          { head: "Since", cell: ({ started }) => (started ? utc(fromIso(started), 0) : "–") },
        ]}
      />
    </section>
  );
}

function State({ of }: { of: ServiceState }) {
  const { instances, starting, errors } = of;
  if (instances === 0) return <b className="bad">silent</b>;
  if (errors > 0) return <b className="bad">{errors} errors</b>;
  if (starting > 0) return <b>{starting === instances ? "starting" : `${starting} starting`}</b>;
  return <b className="good">well</b>;
}

function LagLine() {
  const { bus } = useSession();
  const { answer, trouble } = useQuery("lag", () => loadLag(bus), LAG_EVERY_MS);
  if (trouble) return <p className="wrong">{trouble}</p>;
  if (!answer) return null;
  const { recorded, parsed, written } = answer;
  return (
    <p>
      {count(recorded)} frames recorded, parser {behind(recorded - parsed)}, writer {behind(recorded - written)}
    </p>
  );
}

function behind(frames: number): string {
  return frames <= 0 ? "up to date" : `${count(frames)} behind`;
}
