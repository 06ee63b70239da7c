/** Services that are asked in a user's name: the subject says whose, and who may (see rights.ts). */
export type Service = "audit" | "generation" | "telecommand";

/** The subject on which a user asks a service for what it does. */
export function subjectOf(service: Service, user: string, verb: string): string {
  return `${service}.${user}.${verb}`;
}
