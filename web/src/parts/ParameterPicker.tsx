import { useId, useState, type FormEvent } from "react";
import type { Catalog } from "../model/catalog";

interface Props {
  catalog: Catalog;
  taken: readonly string[];
  onPick: (key: string) => void;
}

/** Choose a parameter by its name; what is written is completed from the mission database. */
export function ParameterPicker({ catalog, taken, onPick }: Props) {
  const [text, setText] = useState("");
  const list = useId();
  const found = find(catalog, text);

  function pick(event: FormEvent) {
    event.preventDefault();
    if (!found) return;
    onPick(found);
    setText("");
  }

  return (
    <form className="tools" onSubmit={pick} aria-label="Add a parameter">
      <label>
        Parameter{" "}
        <input list={list} value={text} placeholder="PACKET.NAME" onChange={(event) => setText(event.target.value)} />
      </label>
      <datalist id={list}>
        {catalog.parameters
          .filter(({ key }) => !taken.includes(key))
          .map(({ key, unit, description }) => (
            <option key={key} value={key}>
              {[unit, description].filter(Boolean).join(", ")}
            </option>
          ))}
      </datalist>
      <button type="submit" disabled={!found}>
        Add
      </button>
      {text && !found && <span className="hint">no parameter of this name</span>}
    </form>
  );
}

/** The key that is written, or the only one whose name is. */
function find(catalog: Catalog, text: string): string | undefined {
  const wanted = text.trim();
  if (catalog.get(wanted)) return wanted;
  const fits = catalog.parameters.filter((each) => each.label === wanted || each.qualified === wanted);
  return fits.length === 1 ? fits[0]?.key : undefined;
}
