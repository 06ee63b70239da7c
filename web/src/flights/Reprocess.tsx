import { useState, type FormEvent } from "react";
import { words } from "../bus/ask";
import { NOT_BEGUN, runJob, type Progress } from "../model/jobs";
import { useSession } from "../model/session";
import { JobProgress } from "../parts/JobProgress";

/** Derive all frames again with the newest mission database, into a generation of its own. */
export function Reprocess({ onDone }: { onDone: () => void }) {
  const { bus } = useSession();
  const [name, setName] = useState("");
  const [progress, setProgress] = useState<Progress | null>(null);
  const [wrong, setWrong] = useState("");
  const busy = progress !== null && (progress.state === "waiting" || progress.state === "running");

  async function start(event: FormEvent) {
    event.preventDefault();
    setWrong("");
    setProgress(NOT_BEGUN);
    try {
      await runJob(bus, "generation", "reprocess", name.trim() ? { name: name.trim() } : {}, (news) => {
        setProgress(news);
        if (news.state === "finished" || news.state === "failed") onDone();
      });
    } catch (error) {
      setProgress(null);
      setWrong(words(error));
    }
  }

  return (
    <form className="tools" aria-label="Reprocess" onSubmit={(event) => void start(event)}>
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
