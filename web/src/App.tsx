import { useEffect, useMemo, useState } from "react";
import { Bus } from "./bus/bus";
import { loadPageConfig, type PageConfig } from "./model/pageConfig";
import { Session, SessionProvider } from "./model/session";
import { useStore } from "./model/store";
import { Shell } from "./parts/Shell";
import { SignIn } from "./parts/SignIn";

/** Signed out: the form. Signed in, even while the bus is away: the pages, which keep their state. */
export function App() {
  const bus = useMemo(() => new Bus(), []);
  const state = useStore(bus.store);
  const [config, setConfig] = useState<PageConfig | null>(null);
  useEffect(() => void loadPageConfig().then(setConfig), []);
  if (config === null) return <p className="notice">Loading…</p>;
  if (state.kind === "signed-out" || state.kind === "connecting") {
    return <SignIn bus={bus} state={state} config={config} />;
  }
  return <SignedIn key={state.user} bus={bus} />;
}

function SignedIn({ bus }: { bus: Bus }) {
  const session = useMemo(() => new Session(bus), [bus]);
  useEffect(() => session.start(), [session]);
  return (
    <SessionProvider value={session}>
      <Shell />
    </SessionProvider>
  );
}
