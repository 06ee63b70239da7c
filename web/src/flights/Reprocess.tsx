import { useState, type FormEvent } from "react";
import { subjectOf } from "../bus/subjects";
import { whyNot } from "../model/rights";
import { useMay, useSession } from "../model/session";
import { JobProgress } from "../parts/JobProgress";
import { useJob } from "../parts/useJob";

/** Derive all frames again with the newest mission database, into a generation of its own. */
export function Reprocess({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const { bus } = useSession();
  const why = whyNot(bus.user, "reprocess", "operator", useMay(subjectOf("generation", bus.user, "reprocess")));
  const { start, progress, busy, wrong } = useJob("generation", "reprocess");

  function reprocess(event: FormEvent) {
    event.preventDefault();
    void start(name.trim() ? { name: name.trim() } : {}, onDone);
  }

  return (
    <form className="tools" aria-label="Reprocess" onSubmit={reprocess}>
      <label>
        New generation{" "}
        <input value={name} placeholder="a name of its own" onChange={(event) => setName(event.target.value)} />
      </label>
      <button type="submit" disabled={busy || why !== ""} title={why}>
        Reprocess
      </button>
      {why && <span className="note">{why}</span>}
      {progress && (
        <JobProgress progress={progress} what="frames" finished={`${String(progress.result.generation ?? "")} is finished`} />
      )}
      {wrong && (
        <p role="alert" className="wrong">
          {wrong}
        </p>
      )}
    </form>
  );
}
