import { toneOf } from "../model/life";

/** The state of a telecommand, coloured by what it means. */
export function StateWord({ state }: { state: string }) {
  return <b className={`state ${toneOf(state)}`}>{state}</b>;
}
