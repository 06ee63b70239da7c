/** What the tests of this folder share. */

import type { Parameter } from "./catalog";

export function parameter(packet: string, label: string, fields: Partial<Parameter> = {}): Parameter {
  return {
    key: `${packet}.${label}`,
    packet,
    label,
    qualified: `/demo/${label}`,
    unit: "",
    description: "",
    valueColumn: label,
    rawColumn: `${label}__raw`,
    type: "double",
    rawType: "uint16",
    alarms: [],
    contextAlarms: [],
    contextColumn: null,
    definition: "demo.xml:1",
    ...fields,
  };
}
