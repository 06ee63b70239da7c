import { useState, type FormEvent } from "react";
import { JobProgress } from "../parts/JobProgress";
import { useJob } from "../parts/useJob";

/** Derive all frames again with the newest mission database, into a generation of its own. */
export function Reprocess({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
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
      <button type="submit" disabled={busy}>
        Reprocess
      </button>
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
