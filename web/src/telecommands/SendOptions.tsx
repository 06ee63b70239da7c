import type { Draft } from "../model/draft";
import { useSession } from "../model/session";
import { useStore } from "../model/store";

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
}

/** When it leaves and by which link, and why: all may stay empty. */
export function SendOptions({ draft, onChange }: Props) {
  const { links } = useStore(useSession().telecommands.store);
  const { link, releaseAt, expires, why } = draft;
  return (
    <details open={Boolean(link || releaseAt || expires || why)}>
      <summary>Time, link and reason</summary>
      <div className="field">
        <label>
          Not before{" "}
          <input
            value={releaseAt}
            placeholder="at once"
            onChange={(event) => onChange({ ...draft, releaseAt: event.target.value })}
          />
        </label>
        <span className="hint">in UTC like 2026-05-01 12:00:00, or +30 for seconds from now</span>
      </div>
      <div className="field">
        <label>
          Not after{" "}
          <input
            value={expires}
            placeholder="as the mission says"
            onChange={(event) => onChange({ ...draft, expires: event.target.value })}
          />
        </label>
      </div>
      {links.length > 1 && (
        <div className="field">
          <label>
            Link{" "}
            <select value={link} onChange={(event) => onChange({ ...draft, link: event.target.value })}>
              <option value="">the mission's</option>
              {links.map((each) => (
                <option key={each.link}>{each.link}</option>
              ))}
            </select>
          </label>
        </div>
      )}
      <div className="field">
        <label>
          Why{" "}
          <input value={why} placeholder="for the record" onChange={(event) => onChange({ ...draft, why: event.target.value })} />
        </label>
      </div>
    </details>
  );
}
