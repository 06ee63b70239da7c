/** What is under way on all links, kept up to date: what waits, what is held, what is uncertain. */

import { words } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { Store } from "./store";
import { loadQueues, type Queue, type Summary } from "./telecommands";

/** Events come in bunches: one question for all of them. */
const GATHER_MS = 150;
/** Times pass and claims die without an event of this page's user: it is asked again. */
const AGAIN_MS = 5000;

export interface OpenState {
  open: readonly Summary[];
  links: readonly Queue[];
  trouble: string;
  /** Counts the bunches of events: whoever shows a telecommand asks again when it changes. */
  turn: number;
}

export class OpenTelecommands {
  readonly store = new Store<OpenState>({ open: [], links: [], trouble: "", turn: 0 });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private news = false;
  private following = false;

  constructor(private readonly bus: Bus) {}

  /** Load and follow until the returned function is called. */
  start(): () => void {
    const heard = () => {
      if (this.news) return;
      this.news = true;
      this.soon(GATHER_MS);
    };
    const subjects = ["command.*.*", "operation.queue-held", "operation.queue-resumed"];
    const stops = subjects.map((subject) => this.bus.listen(subject, heard));
    this.following = true;
    this.soon(0);
    return () => {
      this.following = false;
      clearTimeout(this.timer);
      for (const stop of stops) stop();
    };
  }

  private soon(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), ms);
  }

  private async load(): Promise<void> {
    const turn = this.store.state.turn + (this.news ? 1 : 0);
    this.news = false;
    try {
      this.store.set({ ...(await loadQueues(this.bus)), trouble: "", turn });
    } catch (error) {
      this.store.set({ ...this.store.state, trouble: words(error), turn });
    }
    if (!this.news && this.following) this.soon(AGAIN_MS);
  }
}
