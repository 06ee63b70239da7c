import { useEffect, useRef, type ReactNode } from "react";
import type { Panel as PanelState } from "../model/panel";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { OriginPanel } from "./OriginPanel";
import { LifePanel } from "../telecommands/LifePanel";
import { SamplePanel } from "./SamplePanel";

/** The place beside the page; Escape closes it, and the keyboard goes back to where it was opened. */
export function Panel() {
  const { panel: store } = useSession();
  const panel = useStore(store);
  const place = useRef<HTMLElement>(null);
  const opener = useRef<Element | null>(null);
  const open = panel !== null;
  useEffect(() => {
    if (!open) return;
    opener.current = document.activeElement;
    return () => {
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
    };
  }, [open]);
  useEffect(() => place.current?.querySelector<HTMLElement>("h2")?.focus(), [panel]);
  if (panel === null) return null;
  const close = () => store.set(null);
  return (
    <aside className="panel" ref={place} aria-label="Details" onKeyDown={(event) => event.key === "Escape" && close()}>
      <button className="quiet close" aria-label="Close details" onClick={close}>
        ✕
      </button>
      {contentOf(panel)}
    </aside>
  );
}

function contentOf(panel: PanelState): ReactNode {
  if (panel.kind === "sample") return <SamplePanel key={panel.key} parameterKey={panel.key} />;
  if (panel.kind === "telecommand") return <LifePanel key={panel.id} id={panel.id} />;
  return <OriginPanel key={JSON.stringify(panel)} {...panel} />;
}
