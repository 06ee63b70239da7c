/** From a sample back to its frame's bytes (see projections/origin_service.py). */

import { askOne } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { Value } from "../bus/telemetry";

export interface Frame {
  frame_offset: number;
  link: string;
  session: string | null;
  received: string | null;
  recorded?: string;
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

export async function loadOrigin(bus: Bus, { packet, frameOffset, generation }: OriginQuestion): Promise<Origin> {
  return completed(await askOne<Answer>(bus, "query.origin", { packet, frame_offset: frameOffset, generation }));
}

/** A service that knows of one frame only tells a field's bits without their place. */
interface Answer extends Omit<Origin, "frames" | "packets"> {
  frames?: Frame[];
  packets: (Omit<OriginPacket, "fields"> & { fields: (Field & { first_bit: number; bits: number; places?: Place[] })[] })[];
}

function completed(answer: Answer): Origin {
  const { frame_offset } = answer.frame;
  const packets = answer.packets.map((packet) => ({
    ...packet,
    fields: packet.fields.map((field) => ({
      ...field,
      places: field.places ?? [{ frame_offset, first_bit: field.first_bit, bits: field.bits }],
    })),
  }));
  return { ...answer, frames: answer.frames?.length ? answer.frames : [answer.frame], packets };
}
