import { useRef, useState, type FormEvent } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../bus/subjects";
import { givenOf, initialText, problemOf } from "../model/arguments";
import { written, type Draft } from "../model/draft";
import { momentOf } from "../model/moments";
import { useMay, useSession } from "../model/session";
import { useStore } from "../model/store";
import { check, newRequestId, request, type Answer, type Checked, type Definition } from "../model/telecommands";
import { AnswerLine } from "./AnswerLine";
import { ArgumentField } from "./ArgumentField";
import { CheckedView } from "./CheckedView";
import { SendOptions } from "./SendOptions";

interface Props {
  definition: Definition;
  live: boolean;
}

/** A telecommand that was checked; its request id makes one of it, however often it is sent. */
interface Ready {
  checked: Checked;
  fields: { link?: string; release_at?: string; expires?: string; why?: string };
  requestId: string;
}

/** Write the arguments, check what it would be, and send it: two steps, so that nothing leaves by a slip. */
export function SendForm({ definition, live }: Props) {
  const { bus, clock, draft: store, panel } = useSession();
  const draft = useStore(store);
  const name = definition.qualified_name;
  const texts = draft.arguments[name] ?? {};
  const [tried, setTried] = useState(false);
  const [ready, setReady] = useState<Ready | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const why = useWhyNotSend(definition, live);

  function change(next: Draft) {
    store.set(next);
    setReady(null);
    setAnswer(null);
    setWrong("");
  }

  async function attempt(work: () => Promise<void>) {
    setBusy(true);
    setWrong("");
    await work().catch((error: unknown) => setWrong(words(error)));
    setBusy(false);
  }

  async function look(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    setAnswer(null);
    const isWrong = definition.arguments.some((each) => problemOf(each, texts[each.name] ?? initialText(each)) !== "");
    if (isWrong) {
      // The fields know that they are wrong after the next drawing.
      setTimeout(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    await attempt(async () => {
      const fields = {
        link: draft.link || undefined,
        release_at: momentOf(draft.releaseAt, clock.now()),
        expires: momentOf(draft.expires, clock.now()),
        why: draft.why || undefined,
      };
      const checked = await check(bus, name, givenOf(definition.arguments, texts));
      setReady({ checked, fields, requestId: newRequestId() });
    });
  }

  const send = ({ fields, requestId }: Ready) =>
    attempt(async () => {
      const given = givenOf(definition.arguments, texts);
      const sent = await request(bus, "submit", { name, arguments: given, ...fields, request_id: requestId });
      setAnswer(sent);
      setReady(null);
      if (sent.done) panel.set({ kind: "telecommand", id: sent.id });
    });

  return (
    <form ref={form} className="send" aria-label={`Send ${definition.name}`} onSubmit={(event) => void look(event)} noValidate>
      {definition.arguments.map((argument) => (
        <ArgumentField
          key={argument.name}
          argument={argument}
          text={texts[argument.name]}
          checked={tried}
          onChange={(text) => change(written(draft, name, argument.name, text))}
        />
      ))}
      <SendOptions draft={draft} onChange={change} />
      {why && (
        <p role="note" className="note">
          {why}
        </p>
      )}
      {!ready && (
        <button type="submit" disabled={busy}>
          Check
        </button>
      )}
      {ready && (
        <section className="checked" aria-label="Before it is sent">
          <CheckedView checked={ready.checked} when={ready.fields.release_at ?? "as soon as its queue lets it"} />
          <p className="tools">
            <button type="button" className="go" disabled={busy || why !== ""} onClick={() => void send(ready)}>
              Send {definition.name}
            </button>
            <button type="button" onClick={() => setReady(null)}>
              Change
            </button>
          </p>
        </section>
      )}
      {wrong && (
        <p role="alert" className="wrong">
          {wrong}
          {ready && " Sending it again is safe: it is the same request, which is done once."}
        </p>
      )}
      {answer && <AnswerLine answer={answer} />}
    </form>
  );
}

/** Why this user can not send it now; empty when nothing is known against it. */
function useWhyNotSend({ name, may }: Definition, live: boolean): string {
  const { bus } = useSession();
  const allowed = useMay(subjectOf("telecommand", bus.user, "submit"));
  if (!allowed) return `${bus.user} may look and check, but not send telecommands: that takes the role operator.`;
  if (!may.includes("submit")) return `The mission's rights do not let ${bus.user} send ${name}.`;
  return live ? "" : "The page does not show the present. Go live to send.";
}
