/** From a sample back to its frame's bytes (see projections/origin_service.py). */

import { askOne } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { Value } from "../bus/telemetry";

export interface Frame {
  frame_offset: number;
  link: string;
  session: string | null;
  received: string | null;
  recorded: string;
  message_id: string | null;
  size: number;
  hex: string;
}

/** Bits of a frame; the first bit is counted from the frame's own first. */
export interface Place {
  frame_offset: number;
  first_bit: number;
  bits: number;
}

export interface Field {
  parameter: string;
  qualified: string;
  raw: Value;
  value: Value;
  unit: string;
  definition: string;
  places: Place[];
}

export interface OriginPacket {
  packet: string;
  packet_index: number;
  time: string;
  generated: string | null;
  received: string;
  recorded: string;
  apid: number | null;
  sequence_count: number | null;
  fields: Field[];
}

export interface Origin {
  /** The frame in which the packet starts, and what became of it. */
  frame: Frame & { result: string };
  /** All frames in which its packets lie, that one first. */
  frames: Frame[];
  generation: { generation: string; mission?: string; parser_version?: string; live?: boolean };
  packets: OriginPacket[];
}

export interface OriginQuestion {
  packet: string;
  frameOffset: number;
  generation: string;
}

export function loadOrigin(bus: Bus, { packet, frameOffset, generation }: OriginQuestion): Promise<Origin> {
  return askOne<Origin>(bus, "query.origin", { packet, frame_offset: frameOffset, generation });
}
