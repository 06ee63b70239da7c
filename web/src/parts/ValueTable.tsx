import type { Board } from "../model/board";
import { useSession } from "../model/session";
import { ValueCells, ValueHead } from "./ValueCells";

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
      <ValueHead />
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
                <ValueCells unit={parameter.unit} />
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
