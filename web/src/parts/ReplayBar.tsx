import { useState } from "react";
import { words } from "../bus/ask";
import { utc } from "../model/format";
import type { Control, Replay } from "../model/replay";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { useNow } from "../model/useNow";
import { SPEEDS, speedText } from "./speeds";
import { useSettled } from "./useSettled";

/** The replay that the page follows: pause, speed, step, seek, stop. */
export function ReplayBar() {
  const session = useSession();
  const { replay, trouble } = useStore(session.feed.store);
  return (
    <>
      {replay ? <Controls replay={replay} /> : <span className="slider">{trouble || "Loading…"}</span>}
      <button onClick={() => session.look({ kind: "live" })}>Live</button>
    </>
  );
}

function Controls({ replay }: { replay: Replay }) {
  const session = useSession();
  const status = useStore(replay.store);
  const { board } = useStore(session.feed.store);
  const [packet, setPacket] = useState("");
  const [wrong, setWrong] = useState("");
  useNow(100);
  const packets = board?.catalog.packetNames ?? [];

  async function order(control: Control, then: () => unknown = () => {}) {
    try {
      await replay.control(control);
      setWrong("");
      await then();
    } catch (error) {
      setWrong(words(error));
    }
  }

  const seek = useSettled((to) => order({ action: "seek", to }, () => session.feed.jumped()));
  const position = seek.pending ?? replay.position;

  return (
    <>
      {status.state === "playing" ? (
        <button onClick={() => void order({ action: "pause" })}>Pause</button>
      ) : (
        <button onClick={() => void order({ action: "resume" })} disabled={status.state === "finished"}>
          Play
        </button>
      )}
      <label>
        <span className="unseen">Speed</span>
        <select value={status.speed} onChange={(event) => void order({ action: "speed", speed: Number(event.target.value) })}>
          {[...new Set([...SPEEDS, status.speed])].map((speed) => (
            <option key={speed} value={speed}>
              {speedText(speed)}
            </option>
          ))}
        </select>
      </label>
      <span className="slider">
        <input
          type="range"
          aria-label="Position in the replay"
          aria-valuetext={utc(position, 0)}
          min={status.from}
          max={status.to}
          step={Math.max(1, Math.round((status.to - status.from) / 2000))}
          value={position}
          onChange={(event) => seek.set(Number(event.target.value))}
        />
      </span>
      <output>{utc(position)}</output>
      <span className="step">
        <label>
          <span className="unseen">Packet</span>
          <select value={packet || packets[0]} onChange={(event) => setPacket(event.target.value)}>
            {packets.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button onClick={() => void order({ action: "step", packet: packet || packets[0] || "" })}>Step</button>
      </span>
      <button onClick={() => void order({ action: "stop" }, () => session.look({ kind: "live" }))}>Stop</button>
      <span className="hint">{status.state}</span>
      {wrong && (
        <p role="alert" className="wrong">
          {wrong}
        </p>
      )}
    </>
  );
}
