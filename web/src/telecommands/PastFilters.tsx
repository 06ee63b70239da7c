import { fromIso } from "../model/format";
import type { Changes } from "../model/route";

const STATES = [
  "submitted", "approved", "released", "claimed", "sent", "uncertain", "accepted", "started", "progressed", "completed",
  "failed", "timed-out", "rejected", "cancelled", "expired",
] as const; // prettier-ignore

interface Props {
  args: URLSearchParams;
  onChange: (changes: Changes) => void;
}

/** What narrows the history; it stands in the address. */
export function PastFilters({ args, onChange }: Props) {
  const text = (key: string) => args.get(key) ?? "";
  const field = (key: string) => ({
    value: text(key),
    onChange: (event: { target: { value: string } }) => onChange({ [key]: event.target.value || null }),
  });
  const isWrong = (key: string) => text(key) !== "" && Number.isNaN(fromIso(text(key)));
  return (
    <form className="tools" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Name <input {...field("name")} size={16} />
      </label>
      <label>
        By <input {...field("issuer")} size={10} />
      </label>
      <label>
        State{" "}
        <select {...field("state")}>
          <option value="">any</option>
          {STATES.map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
      </label>
      <label>
        From <input {...field("from")} size={18} placeholder="UTC" aria-invalid={isWrong("from")} />
      </label>
      <label>
        To <input {...field("to")} size={18} placeholder="UTC" aria-invalid={isWrong("to")} />
      </label>
    </form>
  );
}
