/**
 * Requests with answers of any size (see streams/answers.py): chunks with the header Fl-Chunk, the last one
 * with Fl-End; every other one is acknowledged by an empty message to its reply subject.
 */

import { createInbox, type Msg } from "@nats-io/nats-core";
import type { Bus } from "./bus";
import { parseExact } from "./exactJson";

/** What a service says is wrong, or that none answers; its message is for people. */
export class RequestError extends Error {}

/** The server does not let this user ask. */
export class RefusedError extends RequestError {}

/** Between one message of an answer and the next. */
const SILENCE_MS = 30_000;
const encoder = new TextEncoder();

/** Send a JSON request and yield the answer in pieces, in order. Throws RequestError with the service's words. */
export async function* askPieces(bus: Bus, subject: string, request: object = {}): AsyncGenerator<Uint8Array> {
  const { nc } = bus;
  const inbox = createInbox(`_INBOX.${bus.user}`);
  const subscription = nc.subscribe(inbox);
  let why = new RequestError(`${subject}: no answer within ${SILENCE_MS / 1000} s`);
  const stopListening = bus.onRefusal((error) => {
    if (error.subject !== subject) return;
    why = new RefusedError(`${bus.user} may not do this: no permission for ${subject}`);
    subscription.unsubscribe();
  });
  let timer = setTimeout(() => subscription.unsubscribe(), SILENCE_MS);
  let expected = 1;
  try {
    nc.publish(subject, encoder.encode(JSON.stringify(request)), { reply: inbox });
    for await (const message of subscription) {
      clearTimeout(timer);
      timer = setTimeout(() => subscription.unsubscribe(), SILENCE_MS);
      const last = isLast(message, subject, expected++);
      yield message.data;
      if (last) return;
      if (message.reply) nc.publish(message.reply);
    }
  } finally {
    clearTimeout(timer);
    stopListening();
    subscription.unsubscribe();
  }
  throw why;
}

/** The whole answer as text. */
export async function askText(bus: Bus, subject: string, request: object = {}): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of askPieces(bus, subject, request)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** The rows of an answer in JSON lines; integers are exact. */
export async function askRows<Row>(bus: Bus, subject: string, request: object = {}): Promise<Row[]> {
  const text = await askText(bus, subject, request);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => parseExact(line) as Row);
}

/** The one JSON document of an answer. */
export async function askOne<Answer>(bus: Bus, subject: string, request: object = {}): Promise<Answer> {
  return parseExact(await askText(bus, subject, request)) as Answer;
}

/** What went wrong, for people. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Throw what a message says is wrong; return whether it is the last one. */
function isLast(message: Msg, subject: string, expected: number): boolean {
  const found = message.headers;
  if (found?.code === 503) throw new RequestError(`${subject}: no service answers`);
  const wrong = found?.get("Nats-Service-Error");
  if (wrong) throw new RequestError(wrong);
  const chunk = found?.get("Fl-Chunk");
  if (chunk && chunk !== String(expected)) throw new RequestError(`${subject}: a part of the answer is missing`);
  return !chunk || Boolean(found?.get("Fl-End"));
}
