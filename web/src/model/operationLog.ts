/** What happened to the ground system, kept up to date: sessions, links, generations. */

import { words } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { LINK_KINDS, loadOperations, SESSION_KINDS, type Operation } from "./operations";
import { Store } from "./store";

export const GENERATION_KINDS = [
  "generation-started",
  "generation-finished",
  "generation-promoted",
  "generation-dropped",
] as const;

const RESTART_KINDS = ["parser-restarted", "writer-restarted"] as const;
const KINDS = [...new Set([...SESSION_KINDS, ...LINK_KINDS, ...GENERATION_KINDS, ...RESTART_KINDS])];
const MOST = 10_000;
/** Events come in bunches: one question for all of them. */
const GATHER_MS = 300;
const RETRY_MS = 5000;

export interface LogState {
  events: readonly Operation[];
  trouble: string;
}

export class OperationLog {
  readonly store = new Store<LogState>({ events: [], trouble: "" });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bus: Bus) {}

  /** Load and follow until the returned function is called. */
  start(): () => void {
    const stop = this.bus.listen("operation.*", (subject) => {
      if (KINDS.includes(subject.split(".")[1] as (typeof KINDS)[number])) this.soon(GATHER_MS);
    });
    this.soon(0);
    return () => {
      clearTimeout(this.timer);
      stop();
    };
  }

  private soon(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), ms);
  }

  private async load(): Promise<void> {
    try {
      this.store.set({ events: await loadOperations(this.bus, { kinds: KINDS, limit: MOST }), trouble: "" });
    } catch (error) {
      this.store.set({ ...this.store.state, trouble: words(error) });
      this.soon(RETRY_MS);
    }
  }
}
