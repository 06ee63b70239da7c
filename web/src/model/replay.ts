/** A replay that the page follows: where it stands, and what can be asked of it. */

import { askOne } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { milliseconds, type Value } from "../bus/telemetry";
import { Store } from "./store";

export interface ReplayStatus {
  id: string;
  generation: string;
  state: "playing" | "paused" | "finished" | "stopped";
  /** Seconds of flight per second; 0: as fast as it is taken. */
  speed: number;
  /** On the axis of generated (else received) times, ms since 1970. */
  from: number;
  to: number;
  position: number;
}

export type Control =
  | { action: "pause" | "resume" | "status" | "stop" }
  | { action: "seek"; to: number }
  | { action: "step"; packet: string }
  | { action: "speed"; speed: number };

/** How the replay service answers. */
interface Answer {
  replay: string;
  generation: string;
  state: ReplayStatus["state"];
  speed: number;
  from: Value;
  to: Value;
  position: Value;
}

export function statusOf(answer: Answer): ReplayStatus {
  const { replay: id, generation, state, speed } = answer;
  const [from, to, position] = [answer.from, answer.to, answer.position].map(milliseconds) as [number, number, number];
  return { id, generation, state, speed, from, to, position };
}

export interface Stretch {
  from?: string;
  to?: string;
  speed: number;
  paused?: boolean;
}

export async function startReplay(bus: Bus, stretch: Stretch): Promise<ReplayStatus> {
  return statusOf(await askOne<Answer>(bus, "replay.start", stretch));
}

export async function listReplays(bus: Bus): Promise<ReplayStatus[]> {
  return (await askOne<Answer[]>(bus, "replay.list")).map(statusOf);
}

/** Where a replay stands at `now` when it stood at `status` at `asked` (both on one clock, ms). */
export function positionAt(status: ReplayStatus, asked: number, now: number): number {
  const gone = status.state === "playing" ? (now - asked) * status.speed : 0;
  return Math.min(status.position + gone, status.to);
}

const LOOK_MS = 1000;

/** Follows one replay: asks where it is once a second, and hands on what it is told to do. */
export class Replay {
  readonly store: Store<ReplayStatus>;
  private asked = performance.now();
  private timer: ReturnType<typeof setInterval>;

  private constructor(
    private readonly bus: Bus,
    first: ReplayStatus,
  ) {
    this.store = new Store(first);
    this.timer = setInterval(() => void this.control({ action: "status" }).catch(() => {}), LOOK_MS);
  }

  static async open(bus: Bus, id: string): Promise<Replay> {
    return new Replay(bus, statusOf(await askOne<Answer>(bus, `replay.${id}.control`, { action: "status" })));
  }

  get position(): number {
    return positionAt(this.store.state, this.asked, performance.now());
  }

  /** Throws RequestError with the service's words. */
  async control(control: Control): Promise<ReplayStatus> {
    const request = control.action === "seek" ? { ...control, to: Math.round(control.to * 1e6) } : control;
    const answer = await askOne<Answer>(this.bus, `replay.${this.store.state.id}.control`, request);
    this.asked = performance.now();
    this.store.set(statusOf(answer));
    return this.store.state;
  }

  close(): void {
    clearInterval(this.timer);
  }
}
