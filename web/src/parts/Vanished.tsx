import { useSession } from "../model/session";
import { useStore } from "../model/store";

const SHOWN = 20;

/** Says which parameters the generation that was promoted last no longer has. */
export function Vanished() {
  const { feed } = useSession();
  const { vanished } = useStore(feed.store);
  if (vanished === null) return null;
  const { generation, keys } = vanished;
  const more = keys.length - SHOWN;
  return (
    <div role="status" className="note">
      <p>
        Generation <b>{generation}</b> was promoted. It does not have {keys.slice(0, SHOWN).join(", ")}
        {more > 0 && ` and ${more} more`}.
      </p>
      <button onClick={() => feed.dismissVanished()}>Close</button>
    </div>
  );
}
