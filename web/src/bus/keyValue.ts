/**
 * A bucket of JetStream's key-value store, by its few messages (ADR-8, and ADR-31 for reading). A person may
 * write `$KV.<bucket>.>` and read directly, which needs no more permissions than that.
 */

import { createInbox, headers, type Msg } from "@nats-io/nats-core";
import { RefusedError, RequestError } from "./ask";
import type { Bus } from "./bus";

export interface Entry {
  key: string;
  text: string;
  /** Number of the value in its stream; what an update must name, so that nobody's change is overwritten. */
  revision: number;
}

/** Somebody else has changed the value meanwhile. */
export class ConflictError extends RequestError {}

const ANSWER_MS = 10_000;
const MOST_KEYS = 1000;
const WRONG_LAST_SEQUENCE = 10071;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Bucket {
  constructor(
    private readonly bus: Bus,
    private readonly name: string,
  ) {}

  /** The value of a key; null where there is none. */
  async get(key: string): Promise<Entry | null> {
    const [message] = await this.ask(`$JS.API.DIRECT.GET.KV_${this.name}.$KV.${this.name}.${key}`, "", () => true);
    return message ? this.entryOf(message) : null;
  }

  /** All keys with their newest values. */
  async list(): Promise<Entry[]> {
    const request = JSON.stringify({ multi_last: [`$KV.${this.name}.>`], batch: MOST_KEYS });
    const found = await this.ask(`$JS.API.DIRECT.GET.KV_${this.name}`, request, isLast);
    return found.map((message) => this.entryOf(message)).filter((entry) => entry !== null);
  }

  /** Put a value behind `revision` (0: there is none yet) and return its own. Throws ConflictError. */
  put(key: string, text: string, revision: number): Promise<number> {
    return this.write(key, text, revision, {});
  }

  /** Take a key away. Throws ConflictError. */
  async delete(key: string, revision: number): Promise<void> {
    await this.write(key, "", revision, { "KV-Operation": "DEL" });
  }

  private async write(key: string, text: string, revision: number, more: Record<string, string>): Promise<number> {
    const head = headers();
    head.set("Nats-Expected-Last-Subject-Sequence", String(revision));
    for (const [name, value] of Object.entries(more)) head.set(name, value);
    const [answer] = await this.ask(`$KV.${this.name}.${key}`, text, () => true, head);
    const { seq, error } = JSON.parse(decoder.decode(answer?.data) || "{}") as {
      seq?: number;
      error?: { err_code: number; description: string };
    };
    if (error?.err_code === WRONG_LAST_SEQUENCE) throw new ConflictError("somebody else has changed it meanwhile");
    if (error || seq === undefined) throw new RequestError(error?.description ?? "the bus did not keep it");
    return seq;
  }

  /** Gather answers until `last` says so. Statuses without content are left out; 404 is no answer. */
  private async ask(subject: string, text: string, last: (message: Msg) => boolean, head = headers()): Promise<Msg[]> {
    const { nc } = this.bus;
    const inbox = createInbox(`_INBOX.${this.bus.user}`);
    const subscription = nc.subscribe(inbox);
    let why: RequestError | null = new RequestError("the bus does not answer");
    const timer = setTimeout(() => subscription.unsubscribe(), ANSWER_MS);
    const stop = this.bus.onRefusal((error) => {
      if (error.subject !== subject) return;
      why = new RefusedError(`${this.bus.user} may not do this: no permission for ${subject}`);
      subscription.unsubscribe();
    });
    const found: Msg[] = [];
    try {
      nc.publish(subject, encoder.encode(text), { reply: inbox, headers: head });
      for await (const message of subscription) {
        const { code } = message.headers ?? { code: 0 };
        if (code === 503) throw new RequestError("the bus keeps no such bucket");
        if (code === 0 || code === 200) found.push(message);
        if (last(message) || code >= 400) {
          why = null;
          break;
        }
      }
    } finally {
      clearTimeout(timer);
      stop();
      subscription.unsubscribe();
    }
    if (why) throw why;
    return found;
  }

  private entryOf(message: Msg): Entry | null {
    const subject = message.headers?.get("Nats-Subject") ?? "";
    if (message.headers?.get("KV-Operation")) return null;
    return {
      key: subject.slice(`$KV.${this.name}.`.length),
      text: decoder.decode(message.data),
      revision: Number(message.headers?.get("Nats-Sequence") ?? 0),
    };
  }
}

function isLast(message: Msg): boolean {
  return message.headers?.code === 204;
}
