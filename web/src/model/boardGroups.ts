/** Which parameters a board shows, by packet. */

import type { Catalog, Parameter } from "./catalog";

export interface Group {
  packet: string;
  parameters: readonly Parameter[];
}

export interface Choice {
  search: string;
  /** Show the fields that all packets have, too. */
  headers: boolean;
}

/** Every word that is searched for must be in the parameter's name, packet, description or unit. */
export function boardGroups(catalog: Catalog, { search, headers }: Choice): Group[] {
  const wanted = search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (parameter: Parameter) => {
    const { key, description, unit } = parameter;
    const text = `${key} ${description} ${unit}`.toLowerCase();
    return (headers || wanted.length > 0 || !catalog.isHeader(parameter)) && wanted.every((word) => text.includes(word));
  };
  return catalog.packetNames
    .map((packet) => ({ packet, parameters: catalog.ofPacket(packet).filter(fits) }))
    .filter((group) => group.parameters.length > 0);
}
