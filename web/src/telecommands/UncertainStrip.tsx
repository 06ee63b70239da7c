import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { localName } from "../model/telecommands";

/** On every page: a telecommand of which nobody knows whether it left. */
export function UncertainStrip() {
  const { telecommands, router } = useSession();
  const { open } = useStore(telecommands.store);
  const uncertain = open.filter(({ state }) => state === "uncertain");
  if (uncertain.length === 0) return null;
  const names = uncertain.map(({ name, link }) => `${localName(name)} on ${link}`).join(", ");
  return (
    <div role="alert" className="uncertain-strip">
      <p>
        <b>UNCERTAIN</b> Nobody knows whether {names} left. Nothing is sent again by itself: find out and decide.
      </p>
      <a href={router.href("telecommands", { at: null, know: null, replay: null })}>Decide</a>
    </div>
  );
}
