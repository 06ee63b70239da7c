import { useCallback, useEffect, useMemo, useState } from "react";
import { words } from "../bus/ask";
import { Bucket, ConflictError } from "../bus/keyValue";
import { keyFor, parseDashboard, type Dashboard } from "../model/dashboards";
import { useSession } from "../model/session";
import { useStore } from "../model/store";

export interface Kept {
  key: string;
  revision: number;
  dashboard: Dashboard;
}

const BUCKET = "dashboards";
const GATHER_MS = 200;
/** An answer may be lost, and a change not be told. */
const AGAIN_MS = 10_000;

/** All dashboards on the bus, as they are: a change by anybody is seen by everybody. */
export function useDashboards(): { all: Kept[] | null; trouble: string; bucket: Bucket; reload: () => Promise<void> } {
  const { bus } = useSession();
  const { kind } = useStore(bus.store);
  const bucket = useMemo(() => new Bucket(bus, BUCKET), [bus]);
  const [found, setFound] = useState<{ all: Kept[] | null; trouble: string }>({ all: null, trouble: "" });

  const reload = useCallback(async () => {
    try {
      setFound({ all: keptOf(await bucket.list()), trouble: "" });
    } catch (error) {
      setFound((before) => ({ ...before, trouble: words(error) }));
    }
  }, [bucket]);

  useEffect(() => {
    if (kind !== "connected") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = bus.listen("dashboard.>", () => {
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), GATHER_MS);
    });
    void reload();
    const again = setInterval(() => void reload(), AGAIN_MS);
    return () => {
      clearTimeout(timer);
      clearInterval(again);
      stop();
    };
  }, [bus, kind, reload]);

  return { ...found, bucket, reload };
}

/** Keep a new dashboard beside the `known` ones; its key is one that none has, nor had before it was deleted. */
export async function keepNew(bucket: Bucket, dashboard: Dashboard, known: readonly Kept[]): Promise<string> {
  const taken = known.map((each) => each.key);
  for (;;) {
    const key = keyFor(dashboard.title, taken);
    try {
      await bucket.put(key, JSON.stringify(dashboard), 0);
      return key;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      taken.push(key);
    }
  }
}

function keptOf(entries: readonly { key: string; text: string; revision: number }[]): Kept[] {
  return entries
    .flatMap(({ key, text, revision }) => {
      const dashboard = parseDashboard(text);
      return dashboard ? [{ key, revision, dashboard }] : [];
    })
    .sort((a, b) => a.dashboard.title.localeCompare(b.dashboard.title));
}
