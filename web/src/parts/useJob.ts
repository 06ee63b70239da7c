import { useState } from "react";
import { words } from "../bus/ask";
import type { Service } from "../bus/subjects";
import { NOT_BEGUN, runJob, type Progress } from "../model/jobs";
import { useSession } from "../model/session";

export interface JobState {
  /** Begin; `onEnd` is told when the job has finished or failed. */
  start: (request: object, onEnd: (progress: Progress) => void) => Promise<void>;
  progress: Progress | null;
  busy: boolean;
  /** Why it was refused; empty when it was not. */
  wrong: string;
}

/** Long work of a service, begun by a form: how far it is, or why it did not begin. */
export function useJob(service: Service, verb: string): JobState {
  const { bus } = useSession();
  const [progress, setProgress] = useState<Progress | null>(null);
  const [wrong, setWrong] = useState("");
  const busy = progress !== null && (progress.state === "waiting" || progress.state === "running");

  async function start(request: object, onEnd: (progress: Progress) => void) {
    setWrong("");
    setProgress(NOT_BEGUN);
    try {
      await runJob(bus, service, verb, request, (news) => {
        setProgress(news);
        if (news.state === "finished" || news.state === "failed") onEnd(news);
      });
    } catch (error) {
      setProgress(null);
      setWrong(words(error));
    }
  }

  return { start, progress, busy, wrong };
}
