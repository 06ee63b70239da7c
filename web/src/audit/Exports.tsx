import { EXPORTED } from "../model/audit";
import { count, utc } from "../model/format";
import type { Operation } from "../model/operations";
import { DataTable } from "../parts/DataTable";

/** Who took which export over the bus. */
export function Exports({ events }: { events: readonly Operation[] }) {
  const exports = events.filter(({ kind }) => kind === EXPORTED).reverse();
  if (exports.length === 0) return null;
  return (
    <section className="card wide" aria-labelledby="exports">
      <h2 id="exports">Exports that were taken</h2>
      <DataTable
        caption="Exports that were taken"
        rows={exports}
        keyOf={({ offset }) => String(offset)}
        empty=""
        columns={[
          { head: "When", cell: ({ recorded }) => utc(recorded, 0) },
          { head: "By", cell: ({ fields }) => String(fields.who ?? "") },
          { head: "Frames", cell: ({ fields }) => (Array.isArray(fields.frames) ? fields.frames.join(" to ") : "none") },
          { head: "Bytes", cell: ({ fields }) => count(Number(fields.bytes ?? 0)), number: true },
          { head: "SHA-256 of the file", cell: ({ fields }) => <code>{String(fields.sha256 ?? "")}</code> },
        ]}
      />
    </section>
  );
}
