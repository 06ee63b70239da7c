import { memo } from "react";
import type { Parameter } from "../model/catalog";
import { useSession } from "../model/session";
import { ValueCells, ValueHead } from "./ValueCells";

interface Props {
  packet: string;
  parameters: readonly Parameter[];
  folded: boolean;
  onFold: (packet: string) => void;
}

/** About what the rows take, rem: what is not in sight is neither laid out nor painted. */
function heightOf(rows: number): number {
  return 3.5 + 1.42 * rows;
}

/** The rows of one packet. Their values are drawn past React (see boardDrawing), so this renders only once. */
export const PacketTable = memo(function PacketTable({ packet, parameters, folded, onFold }: Props) {
  const { panel } = useSession();
  return (
    <div className="packet-frame" style={{ containIntrinsicBlockSize: `auto ${heightOf(folded ? 0 : parameters.length)}rem` }}>
      <table className="packet">
        <caption>
          <button className="quiet" aria-expanded={!folded} onClick={() => onFold(packet)}>
            {folded ? "▸" : "▾"} {packet}
          </button>
        </caption>
        <ValueHead hidden={folded} />
        <tbody>
          {(folded ? [] : parameters).map(({ key, label, unit }, index) => (
            <tr key={key} data-key={key}>
              <th scope="row">
                <button
                  className="row"
                  tabIndex={index === 0 ? 0 : -1}
                  onClick={() => panel.set({ kind: "sample", key })}
                >
                  {label}
                </button>
              </th>
              <ValueCells unit={unit} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
});
