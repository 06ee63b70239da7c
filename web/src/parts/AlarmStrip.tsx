import { LEVELS, type Level } from "../model/alarms";
import type { Board } from "../model/board";
import { shown } from "../model/format";
import { useSession } from "../model/session";
import { useNow } from "../model/useNow";

const SHOWN = 12;
const WORST_FIRST = [...LEVELS].reverse();

/** What is out of its limits, the worst first. */
export function AlarmStrip({ board }: { board: Board }) {
  const { panel } = useSession();
  useNow(500);
  const out = outOfLimits(board);
  return (
    <div className="alarms">
      <span role="status">{out.length === 0 ? "Nothing is out of its limits" : `${out.length} out of limits`}</span>
      {out.slice(0, SHOWN).map(({ key, level, text }) => (
        <button key={key} data-level={level} onClick={() => panel.set({ kind: "sample", key })}>
          {key} <span className="value">{text}</span> {level}
        </button>
      ))}
      {out.length > SHOWN && <span>and {out.length - SHOWN} more</span>}
    </div>
  );
}

function outOfLimits(board: Board): { key: string; level: Level; text: string }[] {
  const found = board.catalog.parameters.flatMap(({ key, unit }) => {
    const sample = board.get(key);
    if (!sample || sample.level === "none" || sample.level === "normal") return [];
    return [{ key, level: sample.level, text: `${shown(sample.value)} ${unit}` }];
  });
  return found.sort((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
}
