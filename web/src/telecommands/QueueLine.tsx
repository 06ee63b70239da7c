import { useState } from "react";
import { words } from "../bus/ask";
import { subjectOf } from "../bus/subjects";
import { useMay, useSession } from "../model/session";
import { request, type Queue } from "../model/telecommands";

/** The queue of one link: held or free, and how many wait in it. */
export function QueueLine({ queue: { link, held, queue } }: { queue: Queue }) {
  const { bus } = useSession();
  const [wrong, setWrong] = useState("");
  const verb = held ? "resume" : "hold";
  const may = useMay(subjectOf("telecommand", bus.user, verb));

  async function change() {
    try {
      const answer = await request(bus, verb, { link });
      setWrong(answer.done ? "" : `Refused: ${answer.reason ?? ""}`);
    } catch (error) {
      setWrong(words(error));
    }
  }

  return (
    <p className="tools">
      <span>
        Queue of <b>{link}</b>:{" "}
        {held ? (
          <b className="bad">
            held by {held.who}
            {held.why && ` (${held.why})`}
          </b>
        ) : (
          "free"
        )}
        , {queue.length} waiting
      </span>
      {may && (
        <button onClick={() => void change()} aria-label={`${held ? "Resume" : "Hold"} the queue of ${link}`}>
          {held ? "Resume" : "Hold"}
        </button>
      )}
      {wrong && (
        <span role="alert" className="wrong">
          {wrong}
        </span>
      )}
    </p>
  );
}
