/** The newest samples as the query service knows them: what a board begins with. */

import { askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { Value } from "../bus/telemetry";
import type { Level } from "./alarms";
import type { Sample } from "./board";
import type { Catalog, Parameter } from "./catalog";
import { fromIso } from "./format";

export interface LatestScope {
  generation?: string;
  as_of?: string;
  to?: string;
}

interface Row {
  parameter: string;
  packet: string;
  value: Value;
  raw: Value;
  /** The level of its alarm; null for a parameter without alarms. */
  alarm: Level | null;
  time: string;
  received: string;
  frame_offset: number;
}

export async function loadLatest(bus: Bus, catalog: Catalog, scope: LatestScope): Promise<[Parameter, Sample][]> {
  return samplesOf(catalog, await askRows<Row>(bus, "query.latest", scope));
}

/** The rows as samples of the catalog's parameters; rows of others, and without a value, are left out. */
export function samplesOf(catalog: Catalog, rows: readonly Row[]): [Parameter, Sample][] {
  return rows.flatMap((row) => {
    const parameter = catalog.get(`${row.packet}.${row.parameter}`);
    if (!parameter || row.value === null) return [];
    const { value, raw, alarm } = row;
    const sample: Sample = {
      value,
      raw,
      level: alarm ?? "none",
      received: fromIso(row.received),
      time: fromIso(row.time),
      frameOffset: row.frame_offset,
    };
    return [[parameter, sample] as [Parameter, Sample]];
  });
}
