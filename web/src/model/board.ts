/**
 * The board: the newest value of every parameter. Telemetry is taken as it comes; who draws asks once a frame
 * for what has changed, so a thousand parameters at 10 Hz cost one pass a frame and no React render each.
 */

import { milliseconds, readTelemetry, valueAt, type Value } from "../bus/telemetry";
import { levelOf, type Level } from "./alarms";
import type { Catalog, Parameter } from "./catalog";
import { asAnswered } from "./wire";

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

type Watcher = (key: string, sample: Sample) => void;

export class Board {
  private samples = new Map<string, Sample>();
  private changed = new Set<string>();
  private watchers = new Set<Watcher>();

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
      const received = milliseconds(at("received"));
      const time = milliseconds(at("time"));
      const frameOffset = Number(at("frame_offset"));
      for (const parameter of parameters) {
        const value = asAnswered(parameter.type, at(parameter.valueColumn));
        if (value === null) continue;
        const raw = asAnswered(parameter.rawType, at(parameter.rawColumn));
        const context = parameter.contextColumn === null ? null : at(parameter.contextColumn);
        const level = levelOf(parameter, value, context);
        this.put(parameter, { value, raw, level, received, time, frameOffset });
      }
    }
  }

  /** Put one sample on the board. */
  put(parameter: Parameter, sample: Sample): void {
    this.samples.set(parameter.key, sample);
    this.changed.add(parameter.key);
    for (const watcher of this.watchers) watcher(parameter.key, sample);
  }

  /** Put samples on the board that are newer than what is there: what was missed before it began to follow. */
  fill(samples: Iterable<[Parameter, Sample]>): void {
    for (const [parameter, sample] of samples) {
      const present = this.samples.get(parameter.key);
      if (!present || present.frameOffset < sample.frameOffset) this.put(parameter, sample);
    }
  }

  /** Forget all samples: what follows may be older. */
  clear(): void {
    for (const key of this.samples.keys()) this.changed.add(key);
    this.samples.clear();
  }

  /** Call `watcher` with every sample that comes, until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** Parameters that changed since this was asked last; only one may ask: the page that draws. */
  takeChanged(): string[] {
    const changed = [...this.changed];
    this.changed.clear();
    return changed;
  }
}
