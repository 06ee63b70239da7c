import { useState, type FormEvent } from "react";
import { words } from "../bus/ask";
import { fromIso, iso, utc } from "../model/format";
import type { RecordingSession } from "../model/operations";
import { startReplay } from "../model/replay";
import { useSession } from "../model/session";
import { OtherReplays } from "./OtherReplays";
import { SPEEDS, speedText } from "./speeds";

interface Props {
  /** The recording that the time bar's range is, if it is one. */
  recording: RecordingSession | undefined;
  /** The time that is looked at, where a replay would begin. */
  at: number | null;
  onDone: () => void;
}

/** Start a replay of a stretch, and let the page follow it; or follow one that is under way. */
export function ReplayForm({ recording, at, onDone }: Props) {
  const session = useSession();
  const [from, setFrom] = useState(at === null ? "" : utc(at).replace(" UTC", ""));
  const [to, setTo] = useState("");
  const [speed, setSpeed] = useState(1);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);

  const follow = (id: string) => {
    onDone();
    session.look({ kind: "replay", id });
  };

  async function start(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      const ends = { from: timeOf(from), to: timeOf(to), session: recording?.session };
      follow((await startReplay(session.bus, { ...ends, speed })).id);
    } catch (error) {
      setWrong(words(error));
      setBusy(false);
    }
  }

  return (
    <div className="replay-form">
      <form onSubmit={(event) => void start(event)} aria-label="New replay">
        <label>
          from <input className="moment" value={from} placeholder="its beginning" onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label>
          to <input className="moment" value={to} placeholder="its end" onChange={(e) => setTo(e.target.value)} />
        </label>
        <label>
          speed{" "}
          <select value={speed} onChange={(event) => setSpeed(Number(event.target.value))}>
            {SPEEDS.map((each) => (
              <option key={each} value={each}>
                {speedText(each)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={busy}>
          {busy ? "Starting…" : "Start"}
        </button>
        <span className="hint">{recording ? `session ${recording.session}` : "all recordings"}, generated time, UTC</span>
        {wrong && (
          <p role="alert" className="wrong">
            {wrong}
          </p>
        )}
      </form>
      <OtherReplays onFollow={follow} />
    </div>
  );
}

/** A field's time for the request; an empty field sets no bound. Throws for what is no time. */
function timeOf(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  const time = fromIso(text);
  if (Number.isNaN(time)) throw new Error(`${text} is not a time: write it like 2026-05-01 12:00:00`);
  return iso(time);
}
