import type { Answer } from "../model/telecommands";
import { LifeLink } from "./LifeLink";

/** What became of a request: a refusal is said as plainly as a success. */
export function AnswerLine({ answer }: { answer: Answer }) {
  if (!answer.done) {
    return (
      <p role="alert" className="wrong">
        Refused: {answer.reason}
        {answer.fix && ` (${answer.fix})`}
      </p>
    );
  }
  const waits = answer.approvals_needed ?? 0;
  return (
    <p role="status">
      {answer.state}: <LifeLink id={answer.id} />
      {waits > 0 && `, waits for ${waits} ${waits === 1 ? "approval" : "approvals"}`}
    </p>
  );
}
