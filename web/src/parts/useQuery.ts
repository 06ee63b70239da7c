import { useCallback, useEffect, useRef, useState } from "react";
import { words } from "../bus/ask";
import { useSession } from "../model/session";
import { useStore } from "../model/store";

export interface Query<Answer> {
  /** The newest answer; an older one stays until there is a newer. */
  answer: Answer | null;
  trouble: string;
  reload: () => void;
}

/** Ask whenever `what` changes, when the bus is there again, and every `everyMs` if that is not 0. */
export function useQuery<Answer>(what: string, ask: () => Promise<Answer>, everyMs = 0): Query<Answer> {
  const { bus } = useSession();
  const { kind } = useStore(bus.store);
  const [found, setFound] = useState<{ answer: Answer | null; trouble: string }>({ answer: null, trouble: "" });
  const latest = useRef(ask);
  latest.current = ask;
  const turn = useRef(0);
  const reload = useCallback(() => {
    const mine = ++turn.current;
    latest.current().then(
      (answer) => turn.current === mine && setFound({ answer, trouble: "" }),
      (error: unknown) => turn.current === mine && setFound((before) => ({ ...before, trouble: words(error) })),
    );
  }, []);
  useEffect(() => {
    if (kind !== "connected") return;
    reload();
    const timer = everyMs > 0 ? setInterval(reload, everyMs) : undefined;
    return () => {
      turn.current++;
      clearInterval(timer);
    };
  }, [what, kind, everyMs, reload]);
  return { ...found, reload };
}
