/** The services on the bus: who is there, how they are, what they have answered. */

import { createInbox } from "@nats-io/nats-core";
import type { Bus } from "../bus/bus";

export interface ServiceState {
  name: string;
  instances: number;
  /** Instances that answer, and do not do their work yet. */
  starting: number;
  /** Errors that the instances count themselves. */
  errors: number;
  requests: number;
  failed: number;
  lastError: string;
  started: string;
}

/** How long answers are gathered: nobody knows how many will come. */
const GATHER_MS = 700;

interface Health {
  name: string;
  /** Absent where a service of somebody else does not tell. */
  ready?: boolean;
  errors: number;
}

export interface Stats {
  name: string;
  started: string;
  endpoints?: { num_requests: number; num_errors: number; last_error?: string }[];
}

export async function loadServices(bus: Bus): Promise<ServiceState[]> {
  const [health, stats] = await Promise.all([
    gather<Health>(bus, "__telestion__.health"),
    gather<Stats>(bus, "$SRV.STATS"),
  ]);
  return serviceStates(health, stats);
}

/** Instances of one name as one service, by name. */
export function serviceStates(health: readonly Health[], stats: readonly Stats[]): ServiceState[] {
  const names = [...new Set([...health, ...stats].map((each) => each.name))].sort();
  return names.map((name) => {
    const alive = health.filter((each) => each.name === name);
    const told = stats.filter((each) => each.name === name);
    const endpoints = told.flatMap((each) => each.endpoints ?? []);
    return {
      name,
      instances: alive.length,
      starting: alive.filter((each) => each.ready === false).length,
      errors: sum(alive.map((each) => each.errors)),
      requests: sum(endpoints.map((each) => each.num_requests)),
      failed: sum(endpoints.map((each) => each.num_errors)),
      lastError: endpoints.map((each) => each.last_error).find(Boolean) ?? "",
      started: told.map((each) => each.started).sort()[0] ?? "",
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

async function gather<Answer>(bus: Bus, subject: string): Promise<Answer[]> {
  const inbox = createInbox(`_INBOX.${bus.user}`);
  const found: Answer[] = [];
  const stop = bus.listen(inbox, (_, data) => {
    const answer = read<Answer>(data);
    if (answer) found.push(answer);
  });
  try {
    bus.nc.publish(subject, new Uint8Array(), { reply: inbox });
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  } finally {
    stop();
  }
  return found;
}

/** The answer's JSON; null where nobody serves the subject, which the server tells without a payload. */
function read<Answer>(data: Uint8Array): Answer | null {
  try {
    return JSON.parse(new TextDecoder().decode(data)) as Answer;
  } catch {
    return null;
  }
}
