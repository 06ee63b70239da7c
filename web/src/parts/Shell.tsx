import { useEffect, useState } from "react";
import type { Bus, BusState } from "../bus/bus";
import { Board } from "../model/board";
import { loadCatalog } from "../model/catalog";
import { useNow } from "../model/useNow";
import { Console } from "../pages/Console";

interface Props {
  bus: Bus;
  state: BusState;
}

/** The frame of all pages: who is signed in, how the bus is, and the page itself. */
export function Shell({ bus, state }: Props) {
  const { board, wrong } = useLiveBoard(bus);
  return (
    <>
      <header className="top">
        <strong>Flight Ledger</strong>
        <BusSign state={state} />
        <span className="spacer" />
        <span>{bus.user}</span>
        <button onClick={() => void bus.signOut()}>Sign out</button>
      </header>
      <main>
        {wrong && (
          <p role="alert" className="wrong">
            {wrong}
          </p>
        )}
        {board ? <Console board={board} /> : !wrong && <p className="notice">Loading the mission…</p>}
      </main>
    </>
  );
}

function BusSign({ state }: { state: BusState }) {
  const now = useNow(1000);
  if (state.kind === "away") {
    const seconds = Math.max(0, Math.round((now - state.since) / 1000));
    return (
      <span role="status" className="sign away">
        the bus is away for {seconds} s, reconnecting
      </span>
    );
  }
  return (
    <span role="status" className="sign live">
      connected
    </span>
  );
}

/** A board that follows the live generation's telemetry. */
function useLiveBoard(bus: Bus): { board: Board | null; wrong: string } {
  const [board, setBoard] = useState<Board | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    let stop = () => {};
    let gone = false;
    loadCatalog(bus)
      .then((catalog) => {
        if (gone) return;
        const made = new Board(catalog);
        stop = bus.listen(`telemetry.${catalog.generation}.*`, (_, data) => made.take(data));
        setBoard(made);
      })
      .catch((error: unknown) => setWrong(error instanceof Error ? error.message : String(error)));
    return () => {
      gone = true;
      stop();
    };
  }, [bus]);
  return { board, wrong };
}
