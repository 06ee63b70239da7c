/** Telecommands: what can be sent, what becomes of it, and who decides (see docs/telecommand-life.md). */

import { askOne, askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { subjectOf } from "../bus/subjects";
import type { Value } from "../bus/telemetry";
import type { Argument } from "./arguments";

export interface Constraint {
  condition: string;
  timeout_s: number | null;
}

/** What may be sent, as the mission database has it. */
export interface Definition {
  name: string;
  qualified_name: string;
  description: string;
  /** none, watch, warning, distress, critical or severe. */
  significance: string;
  significance_word: string;
  significance_reason: string;
  approvals_needed: number;
  arguments: Argument[];
  constraints: Constraint[];
  /** What the mission's rights let this user do with it: submit, approve, … */
  may: string[];
  /** File and line in the mission database. */
  place: string;
}

export interface Resolved {
  name: string;
  value: Value;
  raw: Value;
  source: "given" | "default" | "assigned";
}

/** What a telecommand would be. */
export interface Checked {
  name: string;
  significance: string;
  approvals_needed: number;
  resolved: Resolved[];
  constraints: { condition: string; holds: boolean; seen: string }[];
  /** The bytes with sequence count 0, hexadecimal. */
  packet: string;
}

/** What became of a request. */
export interface Answer {
  done: boolean;
  id: string;
  state?: string;
  name?: string;
  approvals_needed?: number;
  reason?: string;
  fix?: string;
  /** What is wrong with each argument. */
  problems?: Record<string, string>;
}

/** A telecommand's state; times are ns since 1970, 0 for none. */
export interface Summary {
  id: string;
  name: string;
  state: string;
  settled: boolean;
  issuer: string;
  submitted: Value;
  significance: string;
  link: string;
  arguments: Record<string, Value>;
  approvals_needed: number;
  approvers: string[];
  release_at: Value;
  expires: Value;
  missing: string[];
  failed_at: string;
  reason: string;
}

export interface LifeEvent extends Record<string, unknown> {
  event: string;
  offset: number;
  recorded: Value;
}

export interface Life extends Summary {
  /** The bytes, hexadecimal; empty before the release. */
  packet: string;
  events: LifeEvent[];
  misfits: (LifeEvent & { misfit: string })[];
}

export interface Queue {
  link: string;
  held: { who: string; why: string } | null;
  queue: string[];
}

export interface Queues {
  links: Queue[];
  open: Summary[];
}

/** A row of the projection: a telecommand as it was at a time; times are ISO 8601. */
export interface Past {
  telecommand: string;
  name: string;
  request: string;
  state: string;
  settled: boolean;
  issuer: string;
  link: string;
  arguments: Record<string, Value>;
  approvers: string[];
  submitted: string | null;
  ended: string | null;
  reason: string;
}

export interface PastScope {
  name?: string;
  issuer?: string;
  state?: string;
  from?: string;
  to?: string;
  as_of?: string;
  id?: string;
  limit?: number;
  newest?: boolean;
}

export type Verb = "submit" | "approve" | "cancel" | "resolve" | "hold" | "resume";

export const loadDefinitions = (bus: Bus) => ask<Definition[]>(bus, "definitions");
export const loadQueues = (bus: Bus) => ask<Queues>(bus, "queues");
export const loadLife = (bus: Bus, id: string) => ask<Life>(bus, "log", { id });
export const loadPast = (bus: Bus, scope: PastScope) => askRows<Past>(bus, "query.telecommands", scope);
export const check = (bus: Bus, name: string, given: object) => ask<Checked>(bus, "check", { name, arguments: given });

/** Ask for a change; refused is an answer too. A request id makes one of several askings for the same thing. */
export function request(bus: Bus, verb: Verb, fields: object): Promise<Answer> {
  return ask<Answer>(bus, verb, { client: "web client", request_id: newRequestId(), ...fields });
}

export function newRequestId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The last part of a qualified name. */
export function localName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Arguments in one line: `PACKET=IMU RATE=50`. */
export function argumentsText(given: Record<string, Value>): string {
  return Object.entries(given)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function ask<Answer>(bus: Bus, verb: string, fields: object = {}): Promise<Answer> {
  return askOne<Answer>(bus, subjectOf("telecommand", bus.user, verb), fields);
}
