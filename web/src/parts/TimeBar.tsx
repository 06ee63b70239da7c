import { useMemo, useState } from "react";
import { fromIso, utc } from "../model/format";
import { sessionsOf, type RecordingSession } from "../model/operations";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { bandIn, sessionRange, wholeRange, type Range } from "../model/timeBar";
import { useNow } from "../model/useNow";
import type { View } from "../model/view";
import { ReplayBar } from "./ReplayBar";
import { ReplayForm } from "./ReplayForm";
import { TimeSign } from "./TimeSign";
import { useSettled } from "./useSettled";

/** Live, or any time of the past for the whole page; and the way into replays. */
export function TimeBar() {
  const view = useView();
  const { log } = useSession();
  const { events } = useStore(log.store);
  const sessions = useMemo(() => sessionsOf(events), [events]);
  return (
    <section className="time-bar" aria-label="Time">
      <TimeSign view={view} />
      {view.kind === "replay" ? <ReplayBar /> : <Slider view={view} sessions={sessions} />}
    </section>
  );
}

const NUDGES = [-10, -1, 1, 10];

function Slider({ view, sessions }: { view: Exclude<View, { kind: "replay" }>; sessions: RecordingSession[] }) {
  const session = useSession();
  useNow(1000);
  const now = session.clock.now();
  const [chosen, setChosen] = useState("");
  const [replaying, setReplaying] = useState(false);
  const one = sessions.find((each) => each.session === chosen);
  const range = one ? sessionRange(one, now) : wholeRange(sessions, now);
  const known = view.kind === "then" ? view.known : "then";
  const { pending, set: setAt } = useSettled((time) => session.look({ kind: "then", at: time, known }));
  const at = pending ?? (view.kind === "then" ? view.at : null);
  const place = at ?? now;
  return (
    <>
      <label>
        <span className="unseen">Range</span>
        <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value="">all recordings</option>
          {sessions.map((each) => (
            <option key={`${each.link} ${each.session}`} value={each.session}>
              {each.session}
            </option>
          ))}
        </select>
      </label>
      <span className="slider">
        <Bands range={range} sessions={sessions} now={now} />
        <input
          type="range"
          aria-label="Time"
          aria-valuetext={view.kind === "live" ? "live" : utc(place, 0)}
          min={range.from}
          max={range.to}
          step={Math.max(1, Math.round((range.to - range.from) / 2000))}
          value={Math.min(range.to, Math.max(range.from, place))}
          onChange={(event) => setAt(Number(event.target.value))}
        />
      </span>
      <TimeField at={at} onTime={setAt} />
      <span className="nudges" role="group" aria-label="Step in time">
        {NUDGES.map((seconds) => (
          <button key={seconds} className="quiet" onClick={() => setAt((at ?? session.clock.now()) + seconds * 1000)}>
            {seconds > 0 ? `+${seconds}` : `−${-seconds}`} s
          </button>
        ))}
      </span>
      <label>
        <input
          type="checkbox"
          role="switch"
          disabled={view.kind === "live"}
          checked={known === "today"}
          onChange={(event) =>
            view.kind === "then" && session.look({ ...view, known: event.target.checked ? "today" : "then" })
          }
        />{" "}
        what we know today
      </label>
      <button aria-pressed={view.kind === "live"} onClick={() => session.look({ kind: "live" })}>
        Live
      </button>
      <button aria-expanded={replaying} onClick={() => setReplaying(!replaying)}>
        Replay…
      </button>
      {replaying && <ReplayForm recording={one} at={at} onDone={() => setReplaying(false)} />}
    </>
  );
}

function TimeField({ at, onTime }: { at: number | null; onTime: (time: number) => void }) {
  const [text, setText] = useState<string | null>(null);
  const wrong = text !== null && Number.isNaN(fromIso(text));
  const take = () => {
    if (text !== null && !wrong) onTime(fromIso(text));
    if (!wrong) setText(null);
  };
  return (
    <label>
      <span className="unseen">Time in UTC</span>
      <input
        className="moment"
        value={text ?? (at === null ? "" : utc(at).replace(" UTC", ""))}
        placeholder="YYYY-MM-DD hh:mm:ss"
        aria-invalid={wrong}
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
      />
    </label>
  );
}

function Bands({ range, sessions, now }: { range: Range; sessions: readonly RecordingSession[]; now: number }) {
  return (
    <span className="bands" aria-hidden="true">
      {sessions.map((each) => {
        const band = bandIn(range, each, now);
        const style = band && { left: `${band.start * 100}%`, width: `${band.width * 100}%` };
        return style && <span key={`${each.link} ${each.session}`} title={each.session} style={style} />;
      })}
    </span>
  );
}
