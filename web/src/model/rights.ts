/** What the server lets this user ask for: so that the page says it before it is tried in vain. */

import { createInbox } from "@nats-io/nats-core";
import type { Bus } from "../bus/bus";

const ANSWER_MS = 3000;

export interface Permissions {
  publish?: { allow?: readonly string[]; deny?: readonly string[] };
}

/** Whether a subject is one of those that a pattern with NATS wildcards stands for. */
export function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  if (wanted.at(-1) === ">") {
    const head = wanted.slice(0, -1);
    return given.length >= wanted.length && head.every((token, index) => token === "*" || token === given[index]);
  }
  return wanted.length === given.length && wanted.every((token, index) => token === "*" || token === given[index]);
}

/** Whether permissions allow to publish on a subject; without any list all is allowed. */
export function allows({ publish }: Permissions, subject: string): boolean {
  if (publish?.deny?.some((pattern) => covers(pattern, subject))) return false;
  return publish?.allow === undefined || publish.allow.some((pattern) => covers(pattern, subject));
}

/** Why a user can not do something, of which it is known whether the user may; empty where nothing is against it. */
export function whyNot(user: string, what: string, role: string, may: boolean): string {
  return may ? "" : `${user} may not ${what}: that takes the role ${role}.`;
}

/** This user's permissions; none where the server does not tell them: then it refuses what is tried. */
export async function loadPermissions(bus: Bus): Promise<Permissions> {
  const inbox = createInbox(`_INBOX.${bus.user}`);
  let stop = () => {};
  try {
    return await new Promise<Permissions>((resolve) => {
      const timer = setTimeout(() => resolve({}), ANSWER_MS);
      stop = bus.listen(inbox, (_, data) => {
        clearTimeout(timer);
        resolve(read(data));
      });
      bus.nc.publish("$SYS.REQ.USER.INFO", new Uint8Array(), { reply: inbox });
    });
  } finally {
    stop();
  }
}

function read(data: Uint8Array): Permissions {
  try {
    const answer = JSON.parse(new TextDecoder().decode(data)) as { data?: { permissions?: Permissions } };
    return answer.data?.permissions ?? {};
  } catch {
    return {};
  }
}
