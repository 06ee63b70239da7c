import { age, utc } from "../model/format";
import type { LinkState } from "../model/operations";
import { useSession, useView } from "../model/session";
import { DataTable } from "../parts/DataTable";
import { useNow } from "../model/useNow";

/** Which links are up, and since when. */
export function Links({ links }: { links: readonly LinkState[] }) {
  const { clock } = useSession();
  const view = useView();
  useNow(1000);
  const now = view.kind === "then" ? view.at : clock.now();
  return (
    <section className="card" aria-labelledby="links">
      <h2 id="links">Links</h2>
      <DataTable
        caption="Links"
        rows={links}
        keyOf={(each) => each.link}
        empty="No link has been up yet."
        columns={[
          { head: "Link", cell: (each) => each.link },
          { head: "State", cell: ({ up }) => <b className={up ? "good" : "bad"}>{up ? "up" : "down"}</b> },
          { head: "For", cell: ({ since }) => <span title={utc(since)}>{age((now - since) / 1000)}</span> },
          { head: "With, or why", cell: (each) => each.what },
          { head: "Lost datagrams", cell: (each) => each.lost, number: true },
        ]}
      />
    </section>
  );
}
