/** What stands in the form for telecommands: it outlasts a look at another page and a bus that is away. */

export interface Draft {
  /** What is written, by telecommand and argument. */
  arguments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  link: string;
  releaseAt: string;
  expires: string;
  why: string;
}

export const EMPTY_DRAFT: Draft = { arguments: {}, link: "", releaseAt: "", expires: "", why: "" };

/** The draft with another text for one argument. */
export function written(draft: Draft, telecommand: string, argument: string, text: string): Draft {
  const texts = { ...draft.arguments[telecommand], [argument]: text };
  return { ...draft, arguments: { ...draft.arguments, [telecommand]: texts } };
}
