/** The connection to NATS: the page's only way to data. It reconnects by itself and says how it is. */

import { wsconnect, type NatsConnection, type Subscription } from "@nats-io/nats-core";

export type BusState =
  | { kind: "signed-out"; why?: string }
  | { kind: "connecting" }
  | { kind: "connected"; user: string }
  | { kind: "away"; user: string; since: number };

export interface Address {
  websocket: string;
  user: string;
  password: string;
}

type Handler = (subject: string, data: Uint8Array, reply?: string) => void;

/** Seconds until a first connection is given up. */
const CONNECT_TIMEOUT_MS = 5000;

export class Bus {
  private connection: NatsConnection | null = null;
  private watchers = new Set<() => void>();
  private current: BusState = { kind: "signed-out" };

  /** How the connection is; a new object whenever it changes. */
  get state(): BusState {
    return this.current;
  }

  /** The user whose name stands in the subjects of requests. */
  get user(): string {
    return this.current.kind === "connected" || this.current.kind === "away" ? this.current.user : "";
  }

  /** The open connection; an Error while there is none. */
  get nc(): NatsConnection {
    if (this.connection === null) throw new Error("not signed in");
    return this.connection;
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  async signIn({ websocket, user, password }: Address): Promise<void> {
    this.become({ kind: "connecting" });
    try {
      const credentials = password ? { user, pass: password } : {};
      this.connection = await wsconnect({
        servers: websocket,
        name: `web client of ${user}`,
        timeout: CONNECT_TIMEOUT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 1000,
        inboxPrefix: `_INBOX_${user}`,
        ...credentials,
      });
    } catch (error) {
      this.become({ kind: "signed-out", why: reason(error) });
      return;
    }
    this.become({ kind: "connected", user });
    void this.follow(this.connection, user);
  }

  async signOut(): Promise<void> {
    const closing = this.connection;
    this.connection = null;
    this.become({ kind: "signed-out" });
    await closing?.close();
  }

  /** Hand every message of a subject to `handle` until the returned function is called. */
  listen(subject: string, handle: Handler): () => void {
    const subscription: Subscription = this.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) handle(message.subject, message.data, message.reply);
      },
    });
    return () => subscription.unsubscribe();
  }

  private async follow(nc: NatsConnection, user: string): Promise<void> {
    for await (const { type } of nc.status()) {
      if (this.connection !== nc) return;
      if (type === "disconnect") this.become({ kind: "away", user, since: Date.now() });
      if (type === "reconnect") this.become({ kind: "connected", user });
    }
    const error = await nc.closed();
    if (this.connection === nc) {
      this.connection = null;
      this.become({ kind: "signed-out", why: error ? reason(error) : "the connection was closed" });
    }
  }

  private become(state: BusState): void {
    this.current = state;
    for (const watcher of this.watchers) watcher();
  }
}

/** Say in plain words why a connection could not be made. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/authorization|authentication/i.test(text)) return "the server refuses this user name and password";
  if (/timeout|refused|closed|network/i.test(text)) return "the server does not answer";
  return text;
}
