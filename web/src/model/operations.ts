/** Events of OPERATIONS, and what they say of sessions and links. */

import { askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { fromIso } from "./format";

export interface Operation {
  offset: number;
  /** ms since 1970 */
  recorded: number;
  kind: string;
  fields: Record<string, unknown>;
}

interface Row extends Omit<Operation, "recorded"> {
  recorded: string;
}

export interface OperationsScope {
  kinds?: readonly string[];
  as_of?: string;
  limit?: number;
}

export async function loadOperations(bus: Bus, scope: OperationsScope = {}): Promise<Operation[]> {
  const rows = await askRows<Row>(bus, "query.operations", scope);
  return rows.map((row) => ({ ...row, recorded: fromIso(row.recorded) }));
}

/** One uninterrupted recording on a link, live or from a file. */
export interface RecordingSession {
  session: string;
  link: string;
  /** Where it comes from: the other end of the link, or the file. */
  from: string;
  opened: number;
  /** null while it goes on. */
  closed: number | null;
  frames: number | null;
  why: string;
}

export const SESSION_KINDS = ["session-opened", "session-closed", "import-started", "import-finished"] as const;
export const LINK_KINDS = ["session-opened", "session-closed", "link-down", "link-lost"] as const;

/** Fold events, in their order, into sessions, the newest last. One without an end is open. */
export function sessionsOf(operations: readonly Operation[]): RecordingSession[] {
  const sessions = new Map<string, RecordingSession>();
  for (const { kind, recorded, fields } of operations) {
    const key = `${text(fields.link)} ${text(fields.session)}`;
    const known = sessions.get(key);
    if (kind === "session-opened" || (kind === "import-started" && !known)) {
      sessions.set(key, {
        session: text(fields.session),
        link: text(fields.link),
        from: text(fields.peer ?? fields.file),
        opened: recorded,
        closed: null,
        frames: null,
        why: "",
      });
    } else if (known && (kind === "session-closed" || kind === "import-finished")) {
      const frames = typeof fields.frames === "number" ? fields.frames : null;
      sessions.set(key, { ...known, closed: recorded, frames, why: text(fields.why) });
    }
  }
  return [...sessions.values()];
}

export interface LinkState {
  link: string;
  up: boolean;
  since: number;
  /** The other end while it is up, else why it is down. */
  what: string;
  /** Datagrams that the ground lost. */
  lost: number;
}

/** Fold events, in their order, into the state of each link. */
export function linksOf(operations: readonly Operation[]): LinkState[] {
  const links = new Map<string, LinkState>();
  for (const { kind, recorded, fields } of operations) {
    const link = text(fields.link);
    const known = links.get(link) ?? { link, up: false, since: recorded, what: "", lost: 0 };
    if (kind === "session-opened") links.set(link, { ...known, up: true, since: recorded, what: text(fields.peer) });
    if (kind === "session-closed" || (kind === "link-down" && known.up)) {
      links.set(link, { ...known, up: false, since: recorded, what: text(fields.why) });
    } else if (kind === "link-down") {
      links.set(link, { ...known, what: text(fields.why) });
    }
    if (kind === "link-lost") links.set(link, { ...known, lost: known.lost + Number(fields.datagrams ?? 0) });
  }
  return [...links.values()];
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
