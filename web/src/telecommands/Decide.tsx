import { useState } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../bus/subjects";
import { isCancellable, waitsForApproval, whyNotApprove } from "../model/life";
import { useMay, useSession, useView } from "../model/session";
import { argumentsText, localName, request, type Summary, type Verb } from "../model/telecommands";
import { useConfirm } from "../parts/useConfirm";
import { Resolve } from "./Resolve";

/** What a person can decide about a telecommand now, or why not. */
export function Decide({ one }: { one: Summary }) {
  const { bus } = useSession();
  const live = useView().kind === "live";
  const [wrong, setWrong] = useState("");
  const { confirm, dialog } = useConfirm();
  const mayApprove = useMay(subjectOf("telecommand", bus.user, "approve"));
  const mayCancel = useMay(subjectOf("telecommand", bus.user, "cancel"));
  const name = localName(one.name);

  async function decide(verb: Verb, fields: object = {}) {
    try {
      const answer = await request(bus, verb, { id: one.id, ...fields });
      setWrong(answer.done ? "" : `Refused: ${answer.reason ?? ""}`);
    } catch (error) {
      setWrong(words(error));
    }
  }

  async function ask(verb: Verb, question: string) {
    if (await confirm(question)) await decide(verb);
  }

  if (!live) return null;
  const what = `${name} ${argumentsText(one.arguments)}`.trim();
  const why = mayApprove ? whyNotApprove(one, bus.user) : `waits for an approver; ${bus.user} is none`;
  return (
    <div className="decide">
      {waitsForApproval(one) && why && <span className="hint">{why}</span>}
      {waitsForApproval(one) && !why && (
        <button
          aria-label={`Approve ${name} of ${one.issuer}`}
          onClick={() => void ask("approve", `Approve ${what} (${one.significance}), submitted by ${one.issuer}?`)}
        >
          Approve
        </button>
      )}
      {isCancellable(one.state) && mayCancel && (
        <button
          aria-label={`Cancel ${name} of ${one.issuer}`}
          onClick={() => void ask("cancel", `Cancel ${what}? It will not be sent.`)}
        >
          Cancel
        </button>
      )}
      {one.state === "uncertain" && <Resolve one={one} onDecide={(fields) => void decide("resolve", fields)} />}
      {wrong && (
        <span role="alert" className="wrong">
          {wrong}
        </span>
      )}
      {dialog}
    </div>
  );
}
