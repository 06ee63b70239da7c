import { windowArgs, windowOf } from "../model/plotWindow";
import { useSession } from "../model/session";
import { useStore } from "../model/store";
import { ParameterPicker } from "../parts/ParameterPicker";
import { PlotView } from "../plot/PlotView";

/** One large plot of any parameters; they and the stretch stand in the address. */
export function Plots() {
  const { feed, router } = useSession();
  const { board, trouble } = useStore(feed.store);
  const { args } = useStore(router.store);
  const keys = [...new Set(args.getAll("p"))];
  return (
    <section aria-label="Plots">
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      {board ? (
        <>
          <ParameterPicker
            catalog={board.catalog}
            taken={keys}
            onPick={(key) => router.change({ p: [...keys, key] })}
          />
          <PlotView
            board={board}
            keys={keys}
            window={windowOf(args)}
            onWindow={(window) => router.change(windowArgs(window))}
            onRemove={(key) => router.change({ p: keys.filter((each) => each !== key) })}
            height={440}
          />
        </>
      ) : (
        !trouble && <p className="notice">Loading…</p>
      )}
    </section>
  );
}
