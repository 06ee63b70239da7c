import { OpenCard } from "../telecommands/OpenCard";
import { PastCard } from "../telecommands/PastCard";
import { SendCard } from "../telecommands/SendCard";

/** Send, decide, and see what became of everything that was sent. */
export function Telecommands() {
  return (
    <div className="flights">
      <SendCard />
      <OpenCard />
      <PastCard />
    </div>
  );
}
