import { useSession } from "../model/session";

/** A telecommand's id; shows its life beside the page. */
export function LifeLink({ id, text = id, label }: { id: string; text?: string; label?: string }) {
  const { panel } = useSession();
  return (
    <button type="button" className="quiet link" aria-label={label} onClick={() => panel.set({ kind: "telecommand", id })}>
      {text}
    </button>
  );
}
