import { ExportForm } from "../audit/ExportForm";
import { Exports } from "../audit/Exports";
import { Heads } from "../audit/Heads";
import { Verification } from "../audit/Verification";
import { EXPORTED, VERIFIED } from "../model/audit";
import { loadOperations } from "../model/operations";
import { useSession, useView } from "../model/session";
import { scopeOf } from "../model/view";
import { useQuery } from "../parts/useQuery";

const AGAIN_MS = 10_000;

/** Is everything in the streams as it was appended? The heads are those of now; the rest follows the page's time. */
export function Audit() {
  const { bus } = useSession();
  const view = useView();
  const { as_of } = scopeOf(view);
  const scope = { kinds: [VERIFIED, EXPORTED], as_of };
  const { answer, trouble, reload } = useQuery(JSON.stringify(scope), () => loadOperations(bus, scope), AGAIN_MS);
  return (
    <div className="flights">
      {trouble && (
        <p role="alert" className="wrong">
          {trouble}
        </p>
      )}
      <Heads />
      <Verification events={answer} onVerified={reload} />
      <ExportForm onExported={reload} />
      <Exports events={answer ?? []} />
    </div>
  );
}
