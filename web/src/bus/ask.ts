/**
 * Requests with answers of any size (see streams/answers.py): chunks with the header Fl-Chunk, the last one
 * with Fl-End; every other one is acknowledged by an empty message to its reply subject.
 */

import { createInbox, headers, type Msg } from "@nats-io/nats-core";
import type { Bus } from "./bus";

export class RequestError extends Error {}

const TIMEOUT_MS = 30_000;
const encoder = new TextEncoder();

/** Send a JSON request and return the whole answer as text. Throws RequestError with the service's words. */
export async function askText(bus: Bus, subject: string, request: object = {}): Promise<string> {
  const { nc } = bus;
  const inbox = createInbox(`_INBOX_${bus.user}`);
  const subscription = nc.subscribe(inbox);
  const timer = setTimeout(() => subscription.unsubscribe(), TIMEOUT_MS);
  const decoder = new TextDecoder();
  let text = "";
  let expected = 1;
  try {
    nc.publish(subject, encoder.encode(JSON.stringify(request)), { reply: inbox, headers: headers() });
    for await (const message of subscription) {
      const last = check(message, subject, expected++);
      text += decoder.decode(message.data, { stream: !last });
      if (last) return text;
      if (message.reply) nc.publish(message.reply);
    }
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
  throw new RequestError(`${subject}: no answer within ${TIMEOUT_MS / 1000} s`);
}

/** The rows of an answer in JSON lines. */
export async function askRows<Row>(bus: Bus, subject: string, request: object = {}): Promise<Row[]> {
  const text = await askText(bus, subject, request);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

/** The one JSON document of an answer. */
export async function askOne<Answer>(bus: Bus, subject: string, request: object = {}): Promise<Answer> {
  return JSON.parse(await askText(bus, subject, request)) as Answer;
}

/** Throw what a message says is wrong; return whether it is the last one. */
function check(message: Msg, subject: string, expected: number): boolean {
  const found = message.headers;
  if (found?.code === 503) throw new RequestError(`${subject}: no service answers`);
  const wrong = found?.get("Nats-Service-Error");
  if (wrong) throw new RequestError(wrong);
  const chunk = found?.get("Fl-Chunk");
  if (chunk && chunk !== String(expected)) throw new RequestError(`${subject}: a part of the answer is missing`);
  return !chunk || Boolean(found?.get("Fl-End"));
}
