/** The panel beside a page: one parameter's newest sample, the origin of a sample, the life of a telecommand. */

export type Panel =
  | { kind: "sample"; key: string }
  | { kind: "telecommand"; id: string }
  | { kind: "origin"; packet: string; frameOffset: number; generation: string; parameter?: string };
