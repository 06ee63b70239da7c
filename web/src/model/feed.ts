/**
 * The feed: brings what the page's view asks for on a board. Live and replay follow the bus; a time of the past
 * is one answer of the query service. It tries again by itself until it is shown something else.
 */

import { words } from "../bus/ask";
import type { Bus } from "../bus/bus";
import { Board, type Sample } from "./board";
import { loadCatalog, type Catalog } from "./catalog";
import { iso } from "./format";
import type { GroundClock } from "./groundClock";
import { loadLatest } from "./latest";
import { Replay } from "./replay";
import { Store } from "./store";
import { sameView, scopeOf, type View } from "./view";

export interface FeedState {
  view: View;
  board: Board | null;
  /** The replay that is followed, if the view is one. */
  replay: Replay | null;
  /** Why there is nothing, or nothing new; empty when all is well. */
  trouble: string;
  /** The board is still that of another time. */
  loading: boolean;
  /** What the generation that was promoted last no longer has. */
  vanished: { generation: string; keys: string[] } | null;
}

const RETRY_MS = 2000;
/** By then the writer has stored what was published before. */
const SETTLED_MS = 3000;

/** Not an error: what is asked for is not there yet. */
class NotYet extends Error {}

export class Feed {
  readonly store: Store<FeedState>;
  private turn = 0;
  private stops: (() => void)[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly clock: GroundClock,
    view: View,
  ) {
    this.store = new Store<FeedState>({
      view,
      board: null,
      replay: null,
      trouble: "",
      loading: true,
      vanished: null,
    });
  }

  /** Show a view; the same one again makes up for what was missed while the bus was away. */
  show(view: View, generation?: string): void {
    this.stop();
    const turn = this.turn;
    const before = this.store.state;
    const keep = sameView(before.view, view) || (before.view.kind === "then" && view.kind === "then");
    this.patch({ view, board: keep ? before.board : null, replay: null, trouble: "", loading: true });
    void this.keepTrying(view, generation, () => this.turn === turn);
  }

  /** Follow nothing any more. */
  stop(): void {
    this.turn++;
    for (const stop of this.stops.splice(0)) stop();
  }

  /** The age of a sample in seconds, by the clock of what is shown. */
  age(sample: Sample): number {
    const { view, replay } = this.store.state;
    if (view.kind === "live") return (this.clock.now() - sample.received) / 1000;
    if (view.kind === "then") return (view.at - (view.known === "then" ? sample.received : sample.time)) / 1000;
    return ((replay?.position ?? Number.NaN) - sample.time) / 1000;
  }

  /** Take the notice of vanished parameters away. */
  dismissVanished(): void {
    this.patch({ vanished: null });
  }

  private async keepTrying(view: View, generation: string | undefined, alive: () => boolean): Promise<void> {
    while (alive()) {
      try {
        await this.open(view, generation, alive);
        return;
      } catch (error) {
        if (!alive()) return;
        for (const stop of this.stops.splice(0)) stop();
        this.patch({ trouble: words(error), loading: error instanceof NotYet });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private async open(view: View, generation: string | undefined, alive: () => boolean): Promise<void> {
    if (view.kind === "live") await this.openLive(generation, alive);
    else if (view.kind === "replay") await this.openReplay(view.id, alive);
    else await this.openThen(view, alive);
  }

  private async openLive(wanted: string | undefined, alive: () => boolean): Promise<void> {
    this.listen("operation.generation-promoted", (data) => this.promoted(data));
    const catalog = await loadCatalog(this.bus, { generation: wanted });
    if (catalog.parameters.length === 0) throw new NotYet("waiting for the mission's packet types");
    if (!alive()) return;
    const { generation } = catalog;
    const before = this.store.state.board;
    const board = before?.catalog.generation === generation ? before : new Board(catalog);
    this.listen(`telemetry.${generation}.*`, (data) => board.take(data));
    this.stops.push(board.watch((_, sample) => this.clock.saw(sample.received)));
    this.ready({ board, vanished: vanishedBetween(before?.catalog, catalog) ?? this.store.state.vanished });
    await this.fill(board, alive);
  }

  /** Twice: what was published just before the page listened may reach the tables only after the first look. */
  private async fill(board: Board, alive: () => boolean): Promise<void> {
    const { catalog } = board;
    board.fill(await loadLatest(this.bus, catalog, { generation: catalog.generation }));
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    if (alive()) board.fill(await loadLatest(this.bus, catalog, { generation: catalog.generation }));
  }

  private async openThen(view: View, alive: () => boolean): Promise<void> {
    const scope = scopeOf(view);
    const catalog = await loadCatalog(this.bus, { as_of: scope.as_of });
    const samples = await loadLatest(this.bus, catalog, { ...scope, generation: catalog.generation || undefined });
    if (!alive()) return;
    const board = new Board(catalog);
    board.fill(samples);
    this.ready({ board });
  }

  private async openReplay(id: string, alive: () => boolean): Promise<void> {
    const replay = await Replay.open(this.bus, id);
    this.stops.push(() => replay.close());
    const { generation } = replay.store.state;
    const catalog = await loadCatalog(this.bus, { generation });
    if (!alive()) return replay.close();
    const board = new Board(catalog);
    this.listen(`replay.${id}.telemetry.${generation}.*`, (data, reply) => {
      board.take(data);
      if (reply) this.bus.nc.publish(reply);
    });
    this.ready({ board, replay });
    board.fill(await this.before(catalog, replay.position));
  }

  /** After a jump of the replay: what was there at its new position. */
  async jumped(): Promise<void> {
    const { board, replay } = this.store.state;
    if (!board || !replay) return;
    const samples = await this.before(board.catalog, replay.position);
    board.clear();
    board.fill(samples);
  }

  private before(catalog: Catalog, position: number): Promise<Awaited<ReturnType<typeof loadLatest>>> {
    return loadLatest(this.bus, catalog, { generation: catalog.generation, to: iso(position) });
  }

  /** Somebody promoted a generation: go over to it. The event names it, so its projection need not be awaited. */
  private promoted(data: Uint8Array): void {
    const generation = nameIn(data);
    if (generation !== this.store.state.board?.catalog.generation) this.show({ kind: "live" }, generation);
  }

  private listen(subject: string, handle: (data: Uint8Array, reply?: string) => void): void {
    this.stops.push(this.bus.listen(subject, (_, data, reply) => handle(data, reply)));
  }

  private ready(news: Partial<FeedState>): void {
    this.patch({ ...news, trouble: "", loading: false });
  }

  private patch(news: Partial<FeedState>): void {
    this.store.set({ ...this.store.state, ...news });
  }
}

function vanishedBetween(before: Catalog | undefined, after: Catalog): FeedState["vanished"] {
  const keys = before && before.generation !== after.generation ? after.missing(before) : [];
  return keys.length ? { generation: after.generation, keys } : null;
}

function nameIn(data: Uint8Array): string | undefined {
  try {
    const { generation } = JSON.parse(new TextDecoder().decode(data)) as { generation?: unknown };
    return typeof generation === "string" ? generation : undefined;
  } catch {
    return undefined;
  }
}
