import { useEffect, type ReactNode } from "react";
import { PAGES, type PageName } from "../model/route";
import { useSession, useView } from "../model/session";
import { useStore } from "../model/store";
import { useNow } from "../model/useNow";
import { Audit } from "../pages/Audit";
import { Console } from "../pages/Console";
import { Dashboards } from "../pages/Dashboards";
import { Flights } from "../pages/Flights";
import { Plots } from "../pages/Plots";
import { Telecommands } from "../pages/Telecommands";
import { UncertainStrip } from "../telecommands/UncertainStrip";
import { Panel } from "./Panel";
import { ThemeButton } from "./ThemeButton";
import { TimeBar } from "./TimeBar";
import { Vanished } from "./Vanished";

const SHOWN: Record<PageName, { title: string; page: () => ReactNode }> = {
  console: { title: "Console", page: Console },
  plots: { title: "Plots", page: Plots },
  dashboards: { title: "Dashboards", page: Dashboards },
  flights: { title: "Flights", page: Flights },
  telecommands: { title: "Telecommands", page: Telecommands },
  audit: { title: "Audit", page: Audit },
};

/** The frame of all pages: who is signed in, how the bus is, which time is shown, and the page itself. */
export function Shell() {
  const session = useSession();
  const { page } = useStore(session.router.store);
  const { kind } = useView();
  const { title, page: Page } = SHOWN[page];
  useEffect(() => {
    document.title = `${title} – Flight Ledger`;
  }, [title]);
  useEffect(() => {
    document.documentElement.dataset.view = kind;
    return () => void delete document.documentElement.dataset.view;
  }, [kind]);
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <Top page={page} />
      <TimeBar />
      <UncertainStrip />
      <div className="body">
        <main id="main" tabIndex={-1}>
          <h1 className="unseen">{title}</h1>
          <Vanished />
          <Page />
        </main>
        <Panel />
      </div>
    </>
  );
}

function Top({ page }: { page: PageName }) {
  const session = useSession();
  return (
    <header className="top">
      <strong>Flight Ledger</strong>
      <nav aria-label="Pages">
        {PAGES.map((each) => (
          <a key={each} href={session.router.href(each)} aria-current={each === page ? "page" : undefined}>
            {SHOWN[each].title}
          </a>
        ))}
      </nav>
      <span className="spacer" />
      <BusSign />
      <span className="user">{session.bus.user}</span>
      <ThemeButton />
      <button onClick={() => void session.bus.signOut()}>Sign out</button>
    </header>
  );
}

function BusSign() {
  const state = useStore(useSession().bus.store);
  return (
    <span role="status" className={`sign ${state.kind === "away" ? "away" : "fine"}`}>
      {state.kind === "away" ? <Away since={state.since} /> : "connected"}
    </span>
  );
}

function Away({ since }: { since: number }) {
  const seconds = Math.max(0, Math.round((useNow(1000) - since) / 1000));
  return (
    <>
      bus away, connecting again<span aria-hidden="true"> ({seconds} s)</span>
    </>
  );
}

/** The address holds the page, so the usual link to a place in it must not change it. */
function skipToMain(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
