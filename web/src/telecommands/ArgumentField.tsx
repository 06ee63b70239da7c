import { useId } from "react";
import { initialText, problemOf, wanted, type Argument } from "../model/arguments";

interface Props {
  argument: Argument;
  /** What is written; undefined where nothing was written yet. */
  text: string | undefined;
  /** Whether a field that nobody wrote in says what is wrong, too. */
  checked: boolean;
  onChange: (text: string) => void;
}

/** One argument: its field by its type, what may be written, and what is wrong with what is. */
export function ArgumentField({ argument, text, checked, onChange }: Props) {
  const id = useId();
  const shown = text ?? initialText(argument);
  if (argument.assigned !== null && argument.assigned !== undefined) {
    return (
      <p className="field">
        {argument.name} <span className="hint">is always {String(argument.assigned)}</span>
      </p>
    );
  }
  const problem = checked || text !== undefined ? problemOf(argument, shown) : "";
  return (
    <div className="field">
      <label htmlFor={id}>
        {argument.name}
        {argument.unit && <span className="hint"> in {argument.unit}</span>}
      </label>
      <Field id={id} argument={argument} text={shown} problem={problem} onChange={onChange} />
      <span id={`${id}-hint`} className="hint">
        {[argument.description, wanted(argument)].filter(Boolean).join(": ")}
      </span>
      <span id={`${id}-wrong`} className="wrong" role={problem ? "alert" : undefined}>
        {problem && `${argument.name} ${problem}`}
      </span>
    </div>
  );
}

interface FieldProps {
  id: string;
  argument: Argument;
  text: string;
  problem: string;
  onChange: (text: string) => void;
}

function Field({ id, argument, text, problem, onChange }: FieldProps) {
  const common = {
    id,
    value: text,
    "aria-invalid": problem !== "",
    "aria-describedby": `${id}-hint ${id}-wrong`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  const choices = choicesOf(argument);
  if (!choices) {
    const inputMode = argument.type === "number" && argument.whole ? "numeric" : undefined;
    return <input {...common} inputMode={inputMode} autoComplete="off" spellCheck={false} />;
  }
  return (
    <select {...common}>
      {text === "" && <option value="">choose one</option>}
      {choices.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

function choicesOf(argument: Argument): readonly string[] | null {
  if (argument.type === "enumeration") return (argument.labels ?? []).map(({ label }) => label);
  if (argument.type === "boolean") return [argument.true ?? "true", argument.false ?? "false"];
  return null;
}
