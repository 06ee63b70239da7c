/** What a generation knows: parameters by packet, with their columns, units and alarms. */

import { askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { AlarmRange, ContextAlarm } from "./alarms";
import { grouped } from "./grouped";

export interface Parameter {
  /** `PACKET.LABEL`: names one parameter of one packet. */
  key: string;
  packet: string;
  label: string;
  /** The mission database's full name: the same parameter in several packets has one. */
  qualified: string;
  unit: string;
  description: string;
  valueColumn: string;
  rawColumn: string;
  /** Arrow's name of the type. */
  type: string;
  rawType: string;
  alarms: AlarmRange[];
  contextAlarms: ContextAlarm[];
  /** The column that tells which of the context alarms counts in a packet; null where there are none. */
  contextColumn: string | null;
  /** File and line in the mission database. */
  definition: string;
}

export class Catalog {
  private packets: Map<string, Parameter[]>;
  private keys = new Map<string, Parameter>();
  private headers: Set<string>;

  constructor(
    readonly generation: string,
    parameters: readonly Parameter[],
  ) {
    for (const parameter of parameters) this.keys.set(parameter.key, parameter);
    this.packets = grouped(parameters, (parameter) => parameter.packet);
    this.headers = inAllPackets(this.packets);
  }

  get packetNames(): string[] {
    return [...this.packets.keys()];
  }

  get parameters(): Parameter[] {
    return [...this.keys.values()];
  }

  ofPacket(packet: string): readonly Parameter[] {
    return this.packets.get(packet) ?? [];
  }

  get(key: string): Parameter | undefined {
    return this.keys.get(key);
  }

  /** Whether every packet has this parameter: a field of the header, which says little in each of them. */
  isHeader(parameter: Parameter): boolean {
    return this.headers.has(parameter.qualified);
  }

  /** The keys that another catalog has and this one has not. */
  missing(other: Catalog): string[] {
    return other.parameters.map((each) => each.key).filter((key) => !this.keys.has(key));
  }
}

function inAllPackets(packets: Map<string, Parameter[]>): Set<string> {
  const counts = new Map<string, number>();
  for (const group of packets.values()) {
    for (const name of new Set(group.map((each) => each.qualified))) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const everywhere = [...counts].filter(([, count]) => packets.size > 1 && count === packets.size);
  return new Set(everywhere.map(([name]) => name));
}

/** One row of `query.parameters`. */
interface Row {
  generation: string;
  packet: string;
  parameter: string;
  qualified: string;
  unit: string;
  description: string;
  column: string;
  raw_column: string;
  type: string;
  raw_type: string;
  alarms: AlarmRange[];
  context_alarms: ContextAlarm[];
  context_column: string | null;
  definition: string;
}

/** Read the catalog of a generation, of what was live at a time (`as_of`), or of what is live now. */
export async function loadCatalog(bus: Bus, scope: { generation?: string; as_of?: string } = {}): Promise<Catalog> {
  const rows = await askRows<Row>(bus, "query.parameters", scope);
  const parameters = rows.map((row) => ({
    key: `${row.packet}.${row.parameter}`,
    packet: row.packet,
    label: row.parameter,
    qualified: row.qualified,
    unit: row.unit,
    description: row.description,
    valueColumn: row.column,
    rawColumn: row.raw_column,
    type: row.type,
    rawType: row.raw_type,
    alarms: row.alarms,
    contextAlarms: row.context_alarms,
    contextColumn: row.context_column,
    definition: row.definition,
  }));
  return new Catalog(rows[0]?.generation ?? "", parameters);
}
