import { useMemo, useState, type FormEvent } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../bus/subjects";
import { fetchExport, fetchVerifier, type ExportScope } from "../model/audit";
import { count, iso } from "../model/format";
import { momentOf } from "../model/moments";
import { sessionsOf } from "../model/operations";
import { whyNot } from "../model/rights";
import { useMay, useSession } from "../model/session";
import { useStore } from "../model/store";
import { openFile, type OpenFile } from "../parts/openFile";
import { download } from "../plot/files";

/** One signed file of all events and of the frames of a time or a session, for whoever has to believe it. */
export function ExportForm({ onExported }: { onExported: () => void }) {
  const { bus, clock, log } = useSession();
  const { events } = useStore(log.store);
  const sessions = useMemo(() => sessionsOf(events), [events]);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [session, setSession] = useState("");
  const [bytes, setBytes] = useState<number | null>(null);
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState("");
  const may = useMay(subjectOf("audit", bus.user, "export"));

  async function attempt(work: () => Promise<void>) {
    setWrong("");
    await work().catch((error: unknown) => setWrong(words(error)));
    setBytes(null);
  }

  /** Fetch the export into a file; returns its size. */
  async function written(file: OpenFile, scope: ExportScope): Promise<number> {
    let size = 0;
    setBytes(size);
    try {
      await fetchExport(bus, scope, async (piece) => {
        await file.write(piece);
        setBytes((size += piece.length));
      });
      await file.close();
    } catch (error) {
      await file.abort().catch(() => {});
      throw error;
    }
    return size;
  }

  const start = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const now = clock.now();
      const scope = { from: momentOf(from, now), to: momentOf(to, now), session: session || undefined };
      const file = await openFile(fileName(now));
      if (file === null) return;
      setNote("");
      const size = await written(file, scope);
      setNote(`${count(size)} bytes, signed`);
      onExported();
    });
  };

  const verifier = () =>
    attempt(async () => {
      download(await fetchVerifier(bus), "verify.py");
    });

  return (
    <section className="card wide" aria-labelledby="export">
      <h2 id="export">Export</h2>
      {!may && <p className="note">{whyNot(bus.user, "export", "operator", may)}</p>}
      <form className="tools" aria-label="Export" onSubmit={start}>
        <label>
          Frames from{" "}
          <input className="moment" value={from} placeholder="the first" onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          to <input className="moment" value={to} placeholder="the last" onChange={(event) => setTo(event.target.value)} />
        </label>
        <label>
          Session{" "}
          <select value={session} onChange={(event) => setSession(event.target.value)}>
            <option value="">any</option>
            {[...new Set(sessions.map((each) => each.session))].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={!may || bytes !== null}>
          Export
        </button>
        <button type="button" onClick={() => void verifier()}>
          Save verify.py
        </button>
        <span role="status">{bytes === null ? note : `${count(bytes)} bytes …`}</span>
      </form>
      {wrong && (
        <p role="alert" className="wrong">
          {wrong}
        </p>
      )}
      <p className="hint">
        Recorded times in UTC. All events are part of every export; frames are extended to whole seals. On any machine with
        Python: <code>pip install cryptography</code>, then <code>python verify.py FILE --key FINGERPRINT</code>.
      </p>
    </section>
  );
}

function fileName(now: number): string {
  return `flight-ledger-${iso(now).slice(0, 19).replaceAll(":", "")}.jsonl`;
}
