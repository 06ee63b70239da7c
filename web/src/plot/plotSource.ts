/** Where a plot's points come from: history by question, and what comes on the board behind it. */

import { words } from "../bus/ask";
import type { Bus } from "../bus/bus";
import type { Board, Sample } from "../model/board";
import type { Feed } from "../model/feed";
import type { GroundClock } from "../model/groundClock";
import { loadHistory, pointAt, type HistoryScope } from "../model/history";
import { Series } from "../model/series";
import { Store } from "../model/store";
import type { Range } from "../model/timeBar";
import { scopeOf } from "../model/view";

/** After so many single samples history is asked again, as buckets: long live plots stay small. */
const MANY = 5000;

export class PlotSource {
  readonly trouble = new Store("");
  private series = new Map<string, Series>();
  private loaded: Range = { from: 0, to: Number.POSITIVE_INFINITY };
  private appended = 0;
  private turn = 0;
  private changed = true;

  constructor(
    private readonly bus: Bus,
    private readonly feed: Feed,
    private readonly clock: GroundClock,
    readonly board: Board,
  ) {}

  /** The series of a parameter, empty before it is loaded. */
  of(key: string): Series {
    const known = this.series.get(key);
    if (known) return known;
    const made = new Series();
    this.series.set(key, made);
    return made;
  }

  /** Whether what comes on the board is the present. */
  get isLive(): boolean {
    return this.feed.store.state.view.kind === "live";
  }

  /** Whether so much came since the last `load` that it should be done again. */
  get overfull(): boolean {
    return this.appended > MANY;
  }

  /** Take what comes on the board, until the returned function is called. */
  follow(): () => void {
    return this.board.watch((key, sample) => {
      const series = this.series.get(key);
      if (!series || sample.time > this.loaded.to) return;
      series.append(pointAt(sample.time, sample.value, sample.raw, sample.frameOffset));
      this.appended++;
      this.changed = true;
    });
  }

  /** Ask for the history of a stretch, as about so many points; a later call makes an earlier one void. */
  async load(keys: readonly string[], range: Range, points: number): Promise<void> {
    const turn = ++this.turn;
    this.loaded = range;
    this.appended = 0;
    const scope = this.scope(range);
    try {
      const found = await Promise.all(keys.map((key) => loadHistory(this.bus, key, points, scope)));
      if (turn !== this.turn) return;
      keys.forEach((key, index) => this.of(key).putHistory(found[index] ?? []));
      this.trouble.set("");
    } catch (error) {
      if (turn === this.turn) this.trouble.set(words(error));
    }
    this.changed = true;
  }

  /** All there is of these parameters. */
  async whole(keys: readonly string[]): Promise<Range | null> {
    const scope = this.scope({ from: Number.NaN, to: Number.NaN });
    const found = await Promise.all(keys.map((key) => loadHistory(this.bus, key, 200, scope)));
    const times = found.flat().map((point) => point.time);
    if (times.length === 0) return null;
    const [from, to] = [Math.min(...times), Math.max(...times)];
    const margin = Math.max((to - from) / 100, 1);
    return { from: from - margin, to: to + margin };
  }

  /** The time of the newest that these parameters could show: it goes on when nothing comes. */
  head(keys: readonly string[]): number {
    const samples = keys.map((key) => this.board.get(key)).filter((each) => each !== undefined);
    const newest = samples.reduce<Sample | undefined>((a, b) => (a && a.time > b.time ? a : b), undefined);
    const { view, replay } = this.feed.store.state;
    if (view.kind === "replay" && replay) return replay.position;
    if (view.kind === "then") return view.known === "today" ? view.at : (newest?.time ?? view.at);
    return newest ? newest.time + Math.max(0, this.clock.now() - newest.received) : this.clock.now();
  }

  /** Whether there is something new to draw since the last call. */
  takeChanged(): boolean {
    const changed = this.changed;
    this.changed = false;
    return changed;
  }

  /** What a question about a stretch must say so that the answer is that of the view. */
  scope(range: Range): HistoryScope {
    const { view, replay } = this.feed.store.state;
    const [from, to] = [finite(range.from), finite(range.to)];
    if (view.kind === "then") {
      if (view.known === "then") return { from, to, as_of: scopeOf(view).as_of };
      return { from, to: Math.min(to ?? view.at, view.at) };
    }
    const { generation } = this.board.catalog;
    if (view.kind === "replay" && replay) return { from, to: Math.min(to ?? Infinity, replay.position), generation };
    return { from, to, generation };
  }
}

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined;
}
