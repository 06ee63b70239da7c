/**
 * The board: the newest value of every parameter. Telemetry is taken as it comes; who draws asks once a frame
 * for what has changed, so a thousand parameters at 10 Hz cost one pass a frame and no React render each.
 */

import { readTelemetry, valueAt, type Value } from "../bus/telemetry";
import { levelOf, type Level } from "./alarms";
import type { Catalog, Parameter } from "./catalog";

export interface Sample {
  value: Value;
  raw: Value;
  level: Level;
  /** When the ground received it, ms since 1970; what a value's age counts from. */
  received: number;
  /** Where it stands on the time axis: generated, or received where the device told no time. ms since 1970. */
  time: number;
  frameOffset: number;
}

export class Board {
  private samples = new Map<string, Sample>();
  private changed = new Set<string>();
  private watchers = new Set<(key: string, sample: Sample) => void>();

  constructor(readonly catalog: Catalog) {}

  /** The newest sample of a parameter. */
  get(key: string): Sample | undefined {
    return this.samples.get(key);
  }

  /** Take the rows of one message; every row goes to the watchers, the last one to the board. */
  take(data: Uint8Array): void {
    const message = readTelemetry(data);
    if (message === null) return;
    const parameters = this.catalog.ofPacket(message.table);
    for (let row = 0; row < message.rows; row++) {
      const at = (column: string): Value => valueAt(message, column, row) ?? null;
      const received = Number(at("received")) / 1e6;
      const time = Number(at("time")) / 1e6;
      const frameOffset = Number(at("frame_offset"));
      for (const parameter of parameters) {
        const value = at(parameter.valueColumn);
        if (value === null) continue;
        this.put(parameter, { value, raw: at(parameter.rawColumn), level: "none", received, time, frameOffset });
      }
    }
  }

  /** Put one sample on the board; its alarm level is found here. */
  put(parameter: Parameter, sample: Sample): void {
    const judged = { ...sample, level: levelOf(parameter.alarms, sample.value) };
    this.samples.set(parameter.key, judged);
    this.changed.add(parameter.key);
    for (const watcher of this.watchers) watcher(parameter.key, judged);
  }

  /** Call `watcher` with every sample that comes, until the returned function is called. */
  watch(watcher: (key: string, sample: Sample) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The parameters that changed since the last call. */
  takeChanged(): Set<string> {
    const changed = this.changed;
    this.changed = new Set();
    return changed;
  }
}
