import { useEffect, useRef, useState } from "react";

/** As long as a hand moves a slider nothing is asked. */
const SETTLE_MS = 120;

export interface Settled {
  /** What was set last and is not committed yet; null otherwise. */
  pending: number | null;
  set: (value: number) => void;
}

/** A value that is committed when it has not changed for a moment. */
export function useSettled(commit: (value: number) => unknown): Settled {
  const [pending, setPending] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef<number | null>(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = (value: number) => {
    latest.current = value;
    setPending(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      void Promise.resolve(commit(value)).finally(() => latest.current === value && setPending(null));
    }, SETTLE_MS);
  };
  return { pending, set };
}
