import { useState } from "react";
import { words } from "../bus/ask";
import { count, shown } from "../model/format";
import { loadDifferences, type Difference, type Generation } from "../model/records";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";

/** What differs between two generations, by packet and parameter. */
export function Comparison({ generations }: { generations: readonly Generation[] }) {
  const { bus } = useSession();
  const [chosen, setChosen] = useState<{ a?: string; b?: string }>({});
  const [found, setFound] = useState<{ rows?: Difference[]; wrong?: string; busy?: boolean }>({});
  const names = generations.map((each) => each.generation);
  const [a = "", b = ""] = [chosen.a ?? names[0], chosen.b ?? names[1]];
  if (names.length < 2) return null;

  async function compare() {
    setFound({ busy: true });
    setFound(await loadDifferences(bus, a, b).then((rows) => ({ rows }), (error: unknown) => ({ wrong: words(error) })));
  }

  return (
    <>
      <div className="tools">
        <Choice name="Compare" value={a} names={names} onChange={(name) => setChosen({ ...chosen, a: name })} />
        <Choice name="with" value={b} names={names} onChange={(name) => setChosen({ ...chosen, b: name })} />
        <button disabled={a === b || found.busy} onClick={() => void compare()}>
          Compare
        </button>
        {found.wrong && <span className="wrong">{found.wrong}</span>}
      </div>
      {found.rows && (
        <DataTable
          caption="Differences"
          rows={found.rows}
          keyOf={(each) => `${each.kind} ${each.packet} ${each.parameter ?? ""}`}
          empty="They have the same content."
          columns={[
            { head: "Packet", cell: (each) => each.packet },
            { head: "Parameter", cell: (each) => each.parameter ?? "" },
            { head: "What differs", cell: (each) => differenceText(each, a, b) },
            { head: "Largest", cell: ({ largest }) => (largest === undefined ? "" : shown(largest)), number: true },
            { head: "First in frame", cell: (each) => each.first_offset ?? "", number: true },
            { head: "There", cell: (each) => (each.a === undefined ? "" : `${each.a} → ${each.b}`) },
          ]}
        />
      )}
    </>
  );
}

/** One row in words. */
export function differenceText(row: Difference, a: string, b: string): string {
  if (row.kind === "packets") return `${count(row.only_a ?? 0)} only in ${a}, ${count(row.only_b ?? 0)} only in ${b}`;
  if (row.kind === "parameters") return `only in ${row.only_in === "a" ? a : b}`;
  return `${count(row.differ ?? 0)} of ${count(row.of ?? 0)} values`;
}

interface ChoiceProps {
  name: string;
  value: string;
  names: readonly string[];
  onChange: (name: string) => void;
}

function Choice({ name, value, names, onChange }: ChoiceProps) {
  return (
    <label>
      {name}{" "}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {names.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
