import { useState, type FormEvent } from "react";
import { subjectOf } from "../bus/subjects";
import { useMay, useSession } from "../model/session";
import { JobProgress } from "../parts/JobProgress";
import { useJob } from "../parts/useJob";

/** Recompute all hashes and seals now; heads that were kept elsewhere make it worth more. */
export function VerifyForm({ onVerified }: { onVerified: () => void }) {
  const { bus } = useSession();
  const [heads, setHeads] = useState("");
  const { start, progress, busy, wrong } = useJob("audit", "verify");
  const may = useMay(subjectOf("audit", bus.user, "verify"));

  function verify(event: FormEvent) {
    event.preventDefault();
    const request = { client: "web client", ...(heads.trim() ? { heads } : {}) };
    void start(request, ({ state }) => state === "finished" && onVerified());
  }

  if (!may) return <p className="note">{bus.user} may read this, but not verify: that takes the role operator.</p>;
  return (
    <form aria-label="Verify" onSubmit={verify}>
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
