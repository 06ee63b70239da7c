import { useState, type FormEvent } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../model/audit";
import { NOT_BEGUN, runJob, type Progress } from "../model/jobs";
import { useMay, useSession } from "../model/session";
import { JobProgress } from "../parts/JobProgress";

/** Recompute all hashes and seals now; heads that were kept elsewhere make it worth more. */
export function VerifyForm({ onVerified }: { onVerified: () => void }) {
  const { bus } = useSession();
  const [heads, setHeads] = useState("");
  const [progress, setProgress] = useState<Progress | null>(null);
  const [wrong, setWrong] = useState("");
  const may = useMay(subjectOf(bus.user, "verify"));
  const busy = progress !== null && (progress.state === "waiting" || progress.state === "running");

  async function start(event: FormEvent) {
    event.preventDefault();
    setWrong("");
    setProgress(NOT_BEGUN);
    const request = { client: "web client", ...(heads.trim() ? { heads } : {}) };
    try {
      await runJob(bus, "audit", "verify", request, (news) => {
        setProgress(news);
        if (news.state === "finished") onVerified();
      });
    } catch (error) {
      setProgress(null);
      setWrong(words(error));
    }
  }

  if (!may) return <p className="note">{bus.user} may read this, but not verify: that takes the role operator.</p>;
  return (
    <form aria-label="Verify" onSubmit={(event) => void start(event)}>
      <details>
        <summary>Heads that were kept elsewhere</summary>
        <textarea
          aria-label="Heads that were kept elsewhere"
          value={heads}
          rows={3}
          placeholder="STREAM:OFFSET:HASH, one or several, in any text"
          onChange={(event) => setHeads(event.target.value)}
        />
      </details>
      <p className="tools">
        <button type="submit" disabled={busy}>
          Verify now
        </button>
        {progress && <JobProgress progress={progress} what="messages" finished="Verified." />}
        {wrong && (
          <span role="alert" className="wrong">
            {wrong}
          </span>
        )}
      </p>
    </form>
  );
}
