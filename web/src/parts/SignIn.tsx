import { useState, type FormEvent } from "react";
import type { Bus, BusState } from "../bus/bus";
import type { PageConfig } from "../model/pageConfig";

interface Props {
  bus: Bus;
  state: BusState;
  config: PageConfig;
}

/** Name and password; the server's address is known where the program itself serves the page. */
export function SignIn({ bus, state, config }: Props) {
  const [websocket, setWebsocket] = useState(config.websocket);
  const [user, setUser] = useState(sessionStorage.getItem("user") ?? "");
  const [password, setPassword] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    sessionStorage.setItem("user", user);
    void bus.signIn({ websocket, user, password });
  }

  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">Flight Ledger</h1>
        <label>
          Name
          <input
            name="user"
            value={user}
            onChange={(event) => setUser(event.target.value)}
            autoComplete="username"
            pattern="[A-Za-z0-9_\-]+"
            title="letters, digits, - and _"
            autoFocus
            required
          />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            autoComplete="current-password"
            required={config.authentication}
          />
        </label>
        {!config.authentication && <p className="hint">This system asks for no password: any name will do.</p>}
        <details open={config.websocket === ""}>
          <summary>Server</summary>
          <label>
            NATS address for browsers
            <input name="websocket" value={websocket} onChange={(event) => setWebsocket(event.target.value)} required />
          </label>
        </details>
        <button type="submit" disabled={state.kind === "connecting"}>
          {state.kind === "connecting" ? "Connecting…" : "Sign in"}
        </button>
        {state.kind === "signed-out" && state.why && (
          <p role="alert" className="wrong">
            {state.why}
          </p>
        )}
      </form>
    </main>
  );
}
