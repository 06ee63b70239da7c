/** What the live generation knows: parameters by packet, with their columns, units and alarms. */

import { askRows } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { AlarmRange } from "./alarms";

export interface Parameter {
  /** `PACKET.LABEL`: names one parameter of one packet. */
  key: string;
  packet: string;
  label: string;
  unit: string;
  description: string;
  valueColumn: string;
  rawColumn: string;
  type: string;
  alarms: AlarmRange[];
  definition: string;
}

export class Catalog {
  private packets = new Map<string, Parameter[]>();
  private keys = new Map<string, Parameter>();

  constructor(
    readonly generation: string,
    parameters: readonly Parameter[],
  ) {
    for (const parameter of parameters) {
      this.keys.set(parameter.key, parameter);
      const group = this.packets.get(parameter.packet);
      if (group) group.push(parameter);
      else this.packets.set(parameter.packet, [parameter]);
    }
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
}

/** One row of `query.parameters`. */
interface Row {
  generation: string;
  packet: string;
  parameter: string;
  unit: string;
  description: string;
  column: string;
  raw_column: string;
  type: string;
  alarms: AlarmRange[];
  definition: string;
}

/** Read the catalog of a generation; without one, of the live generation. */
export async function loadCatalog(bus: Bus, generation?: string, asOf?: string): Promise<Catalog> {
  const rows = await askRows<Row>(bus, "query.parameters", { generation, as_of: asOf });
  const parameters = rows.map((row) => ({
    key: `${row.packet}.${row.parameter}`,
    packet: row.packet,
    label: row.parameter,
    unit: row.unit,
    description: row.description,
    valueColumn: row.column,
    rawColumn: row.raw_column,
    type: row.type,
    alarms: row.alarms,
    definition: row.definition,
  }));
  return new Catalog(rows[0]?.generation ?? "", parameters);
}
