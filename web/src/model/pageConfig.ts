/** What the program that serves the page says of itself: where NATS is for browsers. */

export interface PageConfig {
  websocket: string;
  /** True where the server wants a password. */
  authentication: boolean;
}

export async function loadPageConfig(): Promise<PageConfig> {
  try {
    const answer = await fetch("config.json");
    const found = (await answer.json()) as Partial<PageConfig>;
    return { websocket: found.websocket ?? "", authentication: found.authentication ?? false };
  } catch {
    return { websocket: "", authentication: true };
  }
}
