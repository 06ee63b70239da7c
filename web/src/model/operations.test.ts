import { describe, expect, it } from "vitest";
import { linksOf, sessionsOf, type Operation } from "./operations";

const event = (recorded: number, kind: string, fields: object = {}): Operation => ({
  offset: recorded,
  recorded,
  kind,
  fields: { link: "radio", ...fields },
});

const opened = event(1, "session-opened", { session: "s-1", peer: "127.0.0.1:7101" });
const closed = event(5, "session-closed", { session: "s-1", why: "end of stream", frames: 40 });

describe("sessions", () => {
  it("open and close", () => {
    expect(sessionsOf([opened])).toEqual([
      { session: "s-1", link: "radio", from: "127.0.0.1:7101", opened: 1, closed: null, frames: null, why: "" },
    ]);
    expect(sessionsOf([opened, closed])[0]).toMatchObject({ opened: 1, closed: 5, frames: 40, why: "end of stream" });
  });

  it("are files as well, from where an import began first", () => {
    const [one] = sessionsOf([
      event(1, "import-started", { session: "file-a", file: "pass.bin" }),
      event(2, "import-started", { session: "file-a", file: "pass.bin" }),
      event(3, "import-finished", { session: "file-a", frames: 9 }),
    ]);
    expect(one).toMatchObject({ from: "pass.bin", opened: 1, closed: 3, frames: 9 });
  });

  it("are of one link: another may have a session of the same name", () => {
    expect(sessionsOf([opened, event(2, "session-opened", { link: "dish", session: "s-1" })])).toHaveLength(2);
  });
});

describe("a link", () => {
  it("is up from a session's beginning to its end", () => {
    expect(linksOf([opened])).toEqual([{ link: "radio", up: true, since: 1, what: "127.0.0.1:7101", lost: 0 }]);
    expect(linksOf([opened, closed])[0]).toMatchObject({ up: false, since: 5, what: "end of stream" });
  });

  it("is down since it went down, however often it fails to come up again", () => {
    const failed = event(9, "link-down", { why: "refused" });
    expect(linksOf([opened, closed, failed])[0]).toMatchObject({ up: false, since: 5, what: "refused" });
  });

  it("counts what the ground lost", () => {
    const lost = event(3, "link-lost", { datagrams: 4 });
    expect(linksOf([opened, lost, lost])[0]).toMatchObject({ up: true, lost: 8 });
  });
});
