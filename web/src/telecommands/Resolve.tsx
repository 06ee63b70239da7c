import { useState } from "react";
import { subjectOf } from "../bus/subjects";
import { useMay, useSession } from "../model/session";
import { type Summary } from "../model/telecommands";

interface Props {
  one: Summary;
  onDecide: (fields: { arrived: boolean; why: string }) => void;
}

/** Say whether an uncertain telecommand did arrive, and how one knows. */
export function Resolve({ one, onDecide }: Props) {
  const { bus } = useSession();
  const [why, setWhy] = useState("");
  const may = useMay(subjectOf("telecommand", bus.user, "resolve"));
  if (!may) return <span className="hint">an operator has to find out and decide</span>;
  const known = why.trim() !== "";
  return (
    <form className="resolve" aria-label={`Decide about ${one.id}`} onSubmit={(event) => event.preventDefault()}>
      <label>
        How do you know? <input value={why} onChange={(event) => setWhy(event.target.value)} />
      </label>
      <button type="button" disabled={!known} onClick={() => onDecide({ arrived: true, why })}>
        It did arrive
      </button>
      <button type="button" disabled={!known} onClick={() => onDecide({ arrived: false, why })}>
        It did not
      </button>
    </form>
  );
}
