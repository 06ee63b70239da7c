import { useEffect, useMemo, useState } from "react";
import { Bus } from "./bus/bus";
import { loadPageConfig, type PageConfig } from "./model/pageConfig";
import { useBusState } from "./model/useBus";
import { Shell } from "./parts/Shell";
import { SignIn } from "./parts/SignIn";

/** Signed out: the form. Signed in, even while the bus is away: the pages, which keep their state. */
export function App() {
  const bus = useMemo(() => new Bus(), []);
  const state = useBusState(bus);
  const [config, setConfig] = useState<PageConfig | null>(null);
  useEffect(() => void loadPageConfig().then(setConfig), []);
  if (config === null) return <p className="notice">Loading…</p>;
  if (state.kind === "signed-out" || state.kind === "connecting") {
    return <SignIn bus={bus} state={state} config={config} />;
  }
  return <Shell bus={bus} state={state} />;
}
