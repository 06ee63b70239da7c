/** Everything that lives as long as a person is signed in: the page's state, which outlasts a bus that is away. */

import { createContext, useContext } from "react";
import { askOne } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { milliseconds, type Value } from "../bus/telemetry";
import { EMPTY_DRAFT, type Draft } from "./draft";
import { Feed } from "./feed";
import { GroundClock } from "./groundClock";
import { OpenTelecommands } from "./openTelecommands";
import { OperationLog } from "./operationLog";
import type { Panel } from "./panel";
import { allows, loadPermissions, type Permissions } from "./rights";
import { Router } from "./route";
import { Store, useStore } from "./store";
import { argsOf, sameView, viewOf, type View } from "./view";

const CLOCK_EVERY_MS = 20_000;

export class Session {
  readonly clock = new GroundClock();
  readonly router = new Router();
  readonly feed: Feed;
  readonly log: OperationLog;
  readonly telecommands: OpenTelecommands;
  readonly permissions = new Store<Permissions>({});
  readonly draft = new Store<Draft>(EMPTY_DRAFT);
  readonly panel = new Store<Panel | null>(null);

  constructor(readonly bus: Bus) {
    this.feed = new Feed(bus, this.clock, this.view);
    this.log = new OperationLog(bus);
    this.telecommands = new OpenTelecommands(bus);
  }

  get view(): View {
    return viewOf(this.router.route);
  }

  /** Show another time. */
  look(view: View): void {
    this.router.change(argsOf(view));
  }

  /** Follow address and bus until the returned function is called. */
  start(): () => void {
    let shown = this.view;
    const follow = () => {
      if (sameView(this.view, shown)) return;
      shown = this.view;
      this.feed.show(shown);
    };
    let stopLog = () => {};
    let stopTelecommands = () => {};
    const resume = () => {
      if (this.bus.state.kind !== "connected") return;
      this.feed.show(this.view);
      stopLog();
      stopLog = this.log.start();
      stopTelecommands();
      stopTelecommands = this.telecommands.start();
      void loadPermissions(this.bus).then((found) => this.permissions.set(found));
      void this.askClock();
    };
    const stops = [this.router.store.watch(follow), this.bus.store.watch(resume), this.router.start()];
    const timer = setInterval(() => void this.askClock(), CLOCK_EVERY_MS);
    resume();
    return () => {
      clearInterval(timer);
      for (const stop of [...stops, stopLog, stopTelecommands]) stop();
      this.feed.stop();
    };
  }

  private async askClock(): Promise<void> {
    const sent = this.clock.tick();
    try {
      const { now } = await askOne<{ now: Value }>(this.bus, "query.clock");
      this.clock.take(milliseconds(now), sent, this.clock.tick());
    } catch {
      // It is asked again; until then received times correct the clock.
    }
  }
}

/** The session's view; the component renders again when it changes. */
export function useView(): View {
  const route = useStore(useSession().router.store);
  return viewOf(route);
}

/** Whether the server lets this user ask on a subject, as far as it tells. */
export function useMay(subject: string): boolean {
  return allows(useStore(useSession().permissions), subject);
}

const Context = createContext<Session | null>(null);
export const SessionProvider = Context.Provider;

export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}
