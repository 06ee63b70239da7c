import { count } from "../model/format";
import type { Progress } from "../model/jobs";

interface Props {
  progress: Progress;
  /** What is counted: frames, messages. */
  what: string;
  finished: string;
}

/** How far long work of a service is. */
export function JobProgress({ progress: { state, done, total, error }, what, finished }: Props) {
  if (state === "failed") return <span className="wrong" role="alert">{error}</span>;
  if (state === "finished") return <span role="status">{finished}</span>;
  return (
    <>
      <progress aria-label={`Progress in ${what}`} max={Math.max(1, total)} value={done} />
      <span className="hint">{state === "waiting" ? "waiting" : `${count(done)} of ${count(total)} ${what}`}</span>
    </>
  );
}
