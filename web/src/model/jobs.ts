/** Long work of a service: begun by a request, followed by its progress messages (see infra/jobs.py). */

import { askOne } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { subjectOf, type Service } from "../bus/subjects";

export interface Progress {
  state: "waiting" | "running" | "finished" | "failed";
  done: number;
  total: number;
  error: string;
  result: Record<string, unknown>;
}

export const NOT_BEGUN: Progress = { state: "waiting", done: 0, total: 0, error: "", result: {} };

/** Ask the generation service in this user's name. */
export function askGeneration<Answer>(bus: Bus, verb: string, request: object): Promise<Answer> {
  return askOne<Answer>(bus, subjectOf("generation", bus.user, verb), request);
}

/** Begin a job; `onProgress` is told until it says finished or failed. Throws RequestError when it is refused. */
export async function runJob(
  bus: Bus,
  service: Service,
  verb: string,
  request: object,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const job = crypto.getRandomValues(new Uint32Array(2)).join("-");
  let stop = () => {};
  stop = bus.listen(`progress.${job}`, (_, data) => {
    const progress = { ...NOT_BEGUN, ...(JSON.parse(new TextDecoder().decode(data)) as Partial<Progress>) };
    onProgress(progress);
    if (progress.state === "finished" || progress.state === "failed") stop();
  });
  try {
    await askOne(bus, subjectOf(service, bus.user, verb), { ...request, job });
  } catch (error) {
    stop();
    throw error;
  }
}
