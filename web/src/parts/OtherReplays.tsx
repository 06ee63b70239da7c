import { useEffect, useState } from "react";
import { utc } from "../model/format";
import { listReplays, type ReplayStatus } from "../model/replay";
import { useSession } from "../model/session";

/** Replays that are under way: several people may follow one. */
export function OtherReplays({ onFollow }: { onFollow: (id: string) => void }) {
  const { bus } = useSession();
  const [replays, setReplays] = useState<ReplayStatus[]>([]);
  useEffect(() => {
    listReplays(bus).then(setReplays, () => setReplays([]));
  }, [bus]);
  if (replays.length === 0) return null;
  return (
    <ul className="plain" aria-label="Replays under way">
      {replays.map((each) => (
        <li key={each.id}>
          {each.id}: {each.state}, {utc(each.from, 0)} to {utc(each.to, 0)}{" "}
          <button onClick={() => onFollow(each.id)} aria-label={`Follow replay ${each.id}`}>
            Follow
          </button>
        </li>
      ))}
    </ul>
  );
}
