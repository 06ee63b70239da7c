import { age, utc } from "../model/format";
import type { Step } from "../model/life";
import { useSession } from "../model/session";
import { StateWord } from "./StateWord";

/** Every event of a life: what, when, who, from where, why, and the frame that proves it. */
export function StepList({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="steps" aria-label="Events of the telecommand">
      {steps.map((step) => (
        <li key={step.offset}>
          <StateWord state={step.event} /> {step.detail}
          <span className="hint"> {step.after === null ? "" : `+${age(step.after)}`}</span>
          {step.misfit && (
            <p role="note" className="wrong">
              It does not fit: {step.misfit}
            </p>
          )}
          {step.why && <p>{step.why}</p>}
          <p className="hint">
            {utc(step.recorded, 6)}, {step.who}
            {step.proved ? "" : " (not proved)"} from {step.client ? `${step.client}, by ${step.from}` : step.from}, COMMANDS offset{" "}
            {step.offset}
          </p>
          {step.proof && <Proof proof={step.proof} />}
        </li>
      ))}
    </ol>
  );
}

function Proof({ proof }: { proof: NonNullable<Step["proof"]> }) {
  const { panel } = useSession();
  const { packet, frameOffset, generation } = proof;
  return (
    <button className="quiet link" onClick={() => panel.set({ kind: "origin", packet, frameOffset, generation })}>
      {packet} in frame {frameOffset}
    </button>
  );
}
