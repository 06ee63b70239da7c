/** The life of a telecommand as steps that people read. */

import { milliseconds, type Value } from "../bus/telemetry";
import { localName, type Life, type LifeEvent } from "./telecommands";

export interface Step {
  offset: number;
  event: string;
  /** When the log recorded it, ms since 1970. */
  recorded: number;
  /** Seconds since the step before; null for the first. */
  after: number | null;
  who: string;
  /** Whether the server proved who it was. */
  proved: boolean;
  from: string;
  client: string;
  why: string;
  /** More that the event says: the stage of a failure, what is missing, … */
  detail: string;
  /** The packet that proves it, and where it lies. */
  proof: { packet: string; frameOffset: number; generation: string } | null;
  /** Why it did not fit; empty for one that did. */
  misfit: string;
}

/** All steps in the order of the log, those that did not fit at their places; only those recorded until `until`. */
export function stepsOf({ events, misfits }: Life, until = Number.POSITIVE_INFINITY): Step[] {
  const all = [...events.map((event) => stepOf(event, "")), ...misfits.map((event) => stepOf(event, event.misfit))];
  const known = all.filter(({ recorded }) => recorded <= until).sort((a, b) => a.offset - b.offset);
  return known.map((step, index) => {
    const before = known[index - 1];
    return { ...step, after: before ? (step.recorded - before.recorded) / 1000 : null };
  });
}

function stepOf(event: LifeEvent, misfit: string): Step {
  const { packet, frame_offset: frameOffset } = event;
  const isProof = typeof packet === "string" && typeof frameOffset === "number";
  return {
    offset: event.offset,
    event: event.event,
    recorded: milliseconds(event.recorded),
    after: null,
    who: text(event.who),
    proved: event.authenticated === true,
    from: text(event.from),
    client: text(event.client),
    why: text(event.why),
    detail: detailOf(event),
    proof: isProof ? { packet: localName(packet), frameOffset, generation: text(event.generation) } : null,
    misfit,
  };
}

function detailOf({ event, stage, code, step, arrived, missing, bytes, problems }: LifeEvent): string {
  if (event === "failed") return `at ${text(stage)}${code === undefined ? "" : `, code ${text(code)}`}`;
  if (event === "resolved") return arrived ? "it did arrive" : "it did not arrive";
  if (event === "timed-out" && Array.isArray(missing)) return `missing: ${missing.join(", ")}`;
  if (event === "progressed" && step !== undefined) return `step ${text(step)}`;
  if (event === "sent" && bytes !== undefined) return `${text(bytes)} bytes`;
  if (event === "rejected" && typeof problems === "object" && problems !== null) {
    return Object.entries(problems).map(([name, problem]) => `${name} ${String(problem)}`).join("; ");
  }
  return "";
}

export type Tone = "good" | "bad" | "busy" | "over";

/** How a state is coloured: a word says it in any case. */
export function toneOf(state: string): Tone {
  if (state === "completed") return "good";
  if (["failed", "uncertain", "timed-out", "rejected"].includes(state)) return "bad";
  return ["cancelled", "expired"].includes(state) ? "over" : "busy";
}

/** Whether it waits for somebody's approval. */
export function waitsForApproval(one: { state: string; approvals_needed: number; approvers: readonly string[] }): boolean {
  return one.state === "submitted" && one.approvers.length < one.approvals_needed;
}

/** Why a user can not approve it; empty when nothing is known against it. */
export function whyNotApprove(one: { issuer: string; approvers: readonly string[] }, user: string): string {
  if (one.issuer === user) return "yours: another person has to approve";
  return one.approvers.includes(user) ? "approved by you: one more person is needed" : "";
}

/** Whether it can still be cancelled: no uplink has claimed it. */
export function isCancellable(state: string): boolean {
  return ["submitted", "approved", "released"].includes(state);
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value as Value);
}
