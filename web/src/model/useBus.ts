import { useSyncExternalStore } from "react";
import type { Bus, BusState } from "../bus/bus";

/** The bus's state; the component renders again when it changes. */
export function useBusState(bus: Bus): BusState {
  return useSyncExternalStore(bus.watch, () => bus.state);
}
