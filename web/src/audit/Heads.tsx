import { useState } from "react";
import { loadHeads, type Heads as Found } from "../model/audit";
import { useSession } from "../model/session";
import { DataTable } from "../parts/DataTable";
import { useQuery } from "../parts/useQuery";
import { download } from "../plot/files";

const AGAIN_MS = 5000;

/** The last hash of each chain, to be kept where nobody who could rewrite it has access. */
export function Heads() {
  const { bus } = useSession();
  const { answer, trouble } = useQuery("heads", () => loadHeads(bus), AGAIN_MS);
  return (
    <section className="card wide" aria-labelledby="heads">
      <h2 id="heads">Chain heads</h2>
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      <DataTable
        caption="Chain heads"
        rows={answer?.heads ?? []}
        keyOf={(each) => each.stream}
        empty={answer ? "Nothing is chained yet." : "Loading…"}
        columns={[
          { head: "Stream", cell: (each) => each.stream },
          { head: "Offset", cell: (each) => each.offset, number: true },
          { head: "Hash", cell: (each) => <code>{each.hash}</code> },
        ]}
      />
      {answer && <Keep found={answer} />}
    </section>
  );
}

function Keep({ found }: { found: Found }) {
  const [note, setNote] = useState("");
  const text = `${found.heads.map(({ head }) => head).join("\n")}\n`;
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setNote("copied"),
      () => setNote("this browser does not let the page copy: save them"),
    );
  return (
    <>
      <p className="tools">
        <button onClick={() => void copy()}>Copy</button>
        <button onClick={() => download(new Blob([text], { type: "text/plain" }), "heads.txt")}>Save heads.txt</button>
        <span role="status" className="hint">
          {note}
        </span>
      </p>
      <p className="hint">
        Whoever rewrites everything from some point on can make it fit in itself, but not a head that somebody else has on
        paper. Keep these elsewhere after each pass.
      </p>
      <dl className="facts">
        <dt>Exports are signed by</dt>
        <dd>
          <code>{found.fingerprint}</code>
        </dd>
        <dt>Public key</dt>
        <dd>
          <code>{found.public_key}</code>
        </dd>
      </dl>
    </>
  );
}
