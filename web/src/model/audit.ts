/** Audit: heads of the chains, what verifications found, exports (see docs/audit.md). */

import { askOne, askPieces } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { subjectOf } from "../bus/subjects";
import type { Operation } from "./operations";

export interface Head {
  stream: string;
  offset: number;
  hash: string;
  /** STREAM:OFFSET:HASH, to be kept elsewhere. */
  head: string;
}

export interface Heads {
  heads: Head[];
  public_key: string;
  fingerprint: string;
}

export interface Broken {
  stream: string;
  offset: number;
  what: string;
}

export interface StreamOutcome {
  stream: string;
  messages: number;
  lastOffset: number;
  provenTo: number;
  broken: number;
  first: Broken | null;
}

/** What a verification found; `recorded` in ms since 1970. */
export interface Verification {
  recorded: number;
  who: string;
  good: boolean;
  streams: StreamOutcome[];
  unsealed: number;
  headsGiven: number;
  notFound: string[];
}

export const VERIFIED = "audit-verified";
export const EXPORTED = "audit-exported";

export const loadHeads = (bus: Bus) => askOne<Heads>(bus, subjectOf("audit", bus.user, "heads"));

/** The newest verification in events of OPERATIONS; null where there is none. */
export function lastVerification(events: readonly Operation[]): Verification | null {
  const event = events.findLast(({ kind }) => kind === VERIFIED);
  if (!event) return null;
  const { fields, recorded } = event;
  const streams = (fields.streams ?? {}) as Record<string, Record<string, unknown>>;
  return {
    recorded,
    who: String(fields.who ?? ""),
    good: fields.good === true,
    streams: Object.entries(streams).map(([stream, one]) => outcomeOf(stream, one)),
    unsealed: Number(fields.unsealed ?? 0),
    headsGiven: Number(fields.heads_given ?? 0),
    notFound: Array.isArray(fields.hashes_not_found) ? fields.hashes_not_found.map(String) : [],
  };
}

function outcomeOf(stream: string, one: Record<string, unknown>): StreamOutcome {
  return {
    stream,
    messages: Number(one.messages ?? 0),
    lastOffset: Number(one.last_offset ?? 0),
    provenTo: Number(one.proven_to ?? 0),
    broken: Number(one.broken ?? 0),
    first: (one.first_broken as Broken | null | undefined) ?? null,
  };
}

export interface ExportScope {
  from?: string;
  to?: string;
  session?: string;
}

/** Fetch a signed record, piece by piece: the next one is asked for when `take` is done with the one before. */
export async function fetchExport(
  bus: Bus,
  scope: ExportScope,
  take: (piece: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  for await (const piece of askPieces(bus, subjectOf("audit", bus.user, "export"), { client: "web client", ...scope })) {
    // A copy: the piece is a view of the connection's own buffer.
    await take(new Uint8Array(piece));
  }
}

/** The stand-alone program that verifies exports. */
export async function fetchVerifier(bus: Bus): Promise<Blob> {
  const { source } = await askOne<{ source: string }>(bus, subjectOf("audit", bus.user, "verifier"));
  return new Blob([source], { type: "text/x-python" });
}
