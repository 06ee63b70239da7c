/** The panel beside a page: one parameter's newest sample, or the origin of a sample. */

export type Panel =
  | { kind: "sample"; key: string }
  | { kind: "origin"; packet: string; frameOffset: number; generation: string; parameter?: string };
