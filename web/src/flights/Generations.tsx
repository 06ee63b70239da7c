import { useEffect, useState } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../bus/subjects";
import { count, fromIso, utc } from "../model/format";
import { askGeneration } from "../model/jobs";
import { loadGenerations, type Generation } from "../model/records";
import { whyNot } from "../model/rights";
import { useMay, useSession } from "../model/session";
import { useStore } from "../model/store";
import { DataTable } from "../parts/DataTable";
import { useConfirm } from "../parts/useConfirm";
import { useQuery } from "../parts/useQuery";
import { Comparison } from "./Comparison";
import { Reprocess } from "./Reprocess";

/** The derivations of telemetry: make one, compare two, let another one be live, drop one. */
export function Generations() {
  const { bus, log } = useSession();
  const { events } = useStore(log.store);
  const { answer, trouble, reload } = useQuery("generations", () => loadGenerations(bus), 5000);
  useEffect(reload, [events, reload]);
  const [note, setNote] = useState("");
  const { confirm, dialog } = useConfirm();
  const generations = answer ?? [];
  const why = {
    promote: whyNot(bus.user, "promote generations", "admin", useMay(subjectOf("generation", bus.user, "promote"))),
    drop: whyNot(bus.user, "drop generations", "admin", useMay(subjectOf("generation", bus.user, "drop"))),
  };

  async function change(verb: "promote" | "drop", { generation }: Generation, question: string) {
    if (!(await confirm(question))) return;
    try {
      await askGeneration(bus, verb, { generation });
      setNote(`${generation}: ${verb === "promote" ? "is live now" : "dropped"}`);
    } catch (error) {
      setNote(words(error));
    }
    reload();
  }

  return (
    <section className="card wide" aria-labelledby="generations">
      <h2 id="generations">Generations</h2>
      {trouble && <p className="wrong">{trouble}</p>}
      <DataTable
        caption="Generations"
        rows={generations}
        keyOf={(each) => each.generation}
        empty={answer ? "There is none yet." : "Loading…"}
        columns={[
          { head: "Generation", cell: (each) => each.generation },
          { head: "State", cell: (each) => <State generation={each} /> },
          { head: "Frames", cell: (each) => count(each.frames), number: true },
          { head: "Started", cell: (each) => utc(fromIso(each.started), 0) },
          { head: "Mission", cell: (each) => <span title={each.mission}>{each.mission.slice(0, 12)}</span> },
          { head: "Parser", cell: (each) => each.parser_version },
          {
            head: "Change",
            cell: (each) => (
              <span className="pair">
                <button
                  disabled={each.live || why.promote !== ""}
                  title={each.live ? "It is the live one." : why.promote}
                  aria-label={`Promote ${each.generation}`}
                  onClick={() => void change("promote", each, `Let ${each.generation} be live for all readers?`)}
                >
                  Promote
                </button>
                <button
                  disabled={each.live || why.drop !== ""}
                  title={each.live ? "The live one is never dropped." : why.drop}
                  aria-label={`Drop ${each.generation}`}
                  onClick={() =>
                    void change("drop", each, `Drop all rows of ${each.generation}? Frames stay; it can be derived again.`)
                  }
                >
                  Drop
                </button>
              </span>
            ),
          },
        ]}
      />
      {(why.promote || why.drop) && <p className="note">{[why.promote, why.drop].filter(Boolean).join(" ")}</p>}
      <p role="status">{note}</p>
      <Reprocess onDone={reload} />
      <Comparison generations={generations} />
      {dialog}
    </section>
  );
}

function State({ generation: { live, state } }: { generation: Generation }) {
  return (
    <>
      {live && <b className="good">live</b>} {state}
    </>
  );
}
