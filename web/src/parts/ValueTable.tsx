import type { Board } from "../model/board";
import { useSession } from "../model/session";

interface Props {
  board: Board;
  keys: readonly string[];
  caption: string;
}

/** Values of any parameters; drawn past React (see boardDrawing). */
export function ValueTable({ board, keys, caption }: Props) {
  const { panel } = useSession();
  return (
    <table className="packet">
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col">Value</th>
          <th scope="col">Unit</th>
          <th scope="col">Age</th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => {
          const parameter = board.catalog.get(key);
          return (
            <tr key={key} data-key={parameter ? key : undefined}>
              <th scope="row">
                <button className="row" onClick={() => panel.set({ kind: "sample", key })}>
                  {key}
                </button>
              </th>
              {parameter ? (
                <>
                  <td className="value">
                    <span className="text">–</span>
                  </td>
                  <td className="unit">{parameter.unit}</td>
                  <td className="age">
                    <span className="text">–</span>
                  </td>
                </>
              ) : (
                <td colSpan={3}>not in generation {board.catalog.generation}</td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
