/** Rows about a recording: what is missing, what could not be parsed, which derivations there are, how far each is. */

import { askOne, askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { Value } from "../bus/telemetry";

export interface RecordScope {
  as_of?: string;
  to?: string;
  session?: string;
  limit?: number;
}

export interface Gap {
  generation: string;
  link: string;
  session: string;
  apid: number;
  previous_count: number;
  sequence_count: number;
  missing: number;
  /** How many of them are known from other sessions: a recorder's dump, say. */
  filled: number;
  filled_by: readonly string[];
  still_missing: number;
  frame_offset: number;
  previous_time: string;
  time: string;
}

export interface Remark {
  generation: string;
  frame_offset: number;
  packet_index: number;
  stage: string;
  reason: string;
  decoded: boolean;
  link: string;
  session: string;
  received: string;
  size: number;
  /** Hexadecimal. */
  bytes: string;
}

export interface Generation {
  generation: string;
  live: boolean;
  state: string;
  parser_version: string;
  mission: string;
  frames: number;
  started: string;
  promoted: string[];
}

export interface Difference {
  kind: "packets" | "parameters" | "values";
  packet: string;
  parameter?: string;
  only_in?: "a" | "b";
  only_a?: number;
  only_b?: number;
  differ?: number;
  of?: number;
  largest?: Value;
  first_offset?: number;
  first_time?: string;
  a?: string;
  b?: string;
}

export const loadGaps = (bus: Bus, scope: RecordScope) => askRows<Gap>(bus, "query.gaps", scope);
export const loadRemarks = (bus: Bus, scope: RecordScope) => askRows<Remark>(bus, "query.quarantine", scope);
export const loadGenerations = (bus: Bus) => askRows<Generation>(bus, "query.generations");
export const loadDifferences = (bus: Bus, a: string, b: string) => askRows<Difference>(bus, "query.diff", { a, b });

interface Position {
  consumer: string;
  stream: string;
  generation: string;
  offset: number;
}

/** How far parser and writer are, in frames. */
export interface Lag {
  generation: string;
  recorded: number;
  parsed: number;
  written: number;
}

export async function loadLag(bus: Bus): Promise<Lag> {
  const [status, positions] = await Promise.all([
    askOne<{ generation: string; offset: number; last_offset: number }>(bus, "parser.status"),
    askRows<Position>(bus, "query.offsets"),
  ]);
  const written = positions.find((each) => each.stream === "FRAMES" && each.generation === status.generation);
  return {
    generation: status.generation,
    recorded: status.last_offset,
    parsed: status.offset,
    written: written?.offset ?? 0,
  };
}
