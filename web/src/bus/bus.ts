/** The connection to NATS: the page's only way to data. It reconnects by itself and says how it is. */

import { PermissionViolationError, wsconnect, type NatsConnection } from "@nats-io/nats-core";
import { Store } from "../model/store";

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
type Refused = (error: PermissionViolationError) => void;

/** Until a first connection is given up. */
const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_WAIT_MS = 1000;
/** A connection that is silent for two of these is dead, and made again. */
const PING_INTERVAL_MS = 10_000;

export class Bus {
  readonly store = new Store<BusState>({ kind: "signed-out" });
  private connection: NatsConnection | null = null;
  private refusals = new Set<Refused>();

  /** How the connection is; a new object whenever it changes. */
  get state(): BusState {
    return this.store.state;
  }

  /** The user whose name stands in the subjects of requests. */
  get user(): string {
    return this.state.kind === "connected" || this.state.kind === "away" ? this.state.user : "";
  }

  /** The open connection; an Error while there is none. */
  get nc(): NatsConnection {
    if (this.connection === null) throw new Error("not signed in");
    return this.connection;
  }

  async signIn({ websocket, user, password }: Address): Promise<void> {
    this.store.set({ kind: "connecting" });
    try {
      this.connection = await wsconnect({
        servers: websocket,
        name: `web client of ${user}`,
        timeout: CONNECT_TIMEOUT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        pingInterval: PING_INTERVAL_MS,
        inboxPrefix: `_INBOX.${user}`,
        ...(password ? { user, pass: password } : {}),
      });
    } catch (error) {
      this.store.set({ kind: "signed-out", why: reason(error) });
      return;
    }
    this.store.set({ kind: "connected", user });
    void this.follow(this.connection, user);
  }

  async signOut(): Promise<void> {
    const closing = this.connection;
    this.connection = null;
    this.store.set({ kind: "signed-out" });
    await closing?.close();
  }

  /** Hand every message of a subject to `handle` until the returned function is called. */
  listen(subject: string, handle: Handler): () => void {
    const subscription = this.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) handle(message.subject, message.data, message.reply);
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Call `refused` whenever the server refuses to take a message from this user. */
  onRefusal(refused: Refused): () => void {
    this.refusals.add(refused);
    return () => void this.refusals.delete(refused);
  }

  private async follow(nc: NatsConnection, user: string): Promise<void> {
    for await (const status of nc.status()) {
      if (this.connection !== nc) return;
      if (status.type === "disconnect") this.store.set({ kind: "away", user, since: Date.now() });
      if (status.type === "reconnect") this.store.set({ kind: "connected", user });
      if (status.type === "error" && status.error instanceof PermissionViolationError) {
        for (const refused of [...this.refusals]) refused(status.error);
      }
    }
    const error = await nc.closed();
    if (this.connection !== nc) return;
    this.connection = null;
    this.store.set({ kind: "signed-out", why: error ? reason(error) : "the connection was closed" });
  }
}

/** Say in plain words why a connection could not be made. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/authorization|authentication/i.test(text)) return "the server refuses this name and password";
  // A browser tells nothing of why a WebSocket could not be opened.
  const unanswered = text === "" || /timeout|refused|closed|network|websocket|event/i.test(text);
  return unanswered ? "the server does not answer" : text;
}
