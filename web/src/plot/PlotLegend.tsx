import type { Board } from "../model/board";
import { exact, shown, utc } from "../model/format";
import type { Point } from "../model/series";
import { useNow } from "../model/useNow";
import type { PlotSource } from "./plotSource";

interface Props {
  board: Board;
  source: PlotSource;
  keys: readonly string[];
  /** Where the crosshair is, if it is. */
  crossed: number | null;
  onRemove?: (key: string) => void;
}

/** Which line is which, and its value: exactly, under the crosshair; else the newest. */
export function PlotLegend({ board, source, keys, crossed, onRemove }: Props) {
  useNow(250);
  return (
    <figcaption className="legend">
      <table>
        <caption className="unseen">Values {crossed === null ? "now" : "under the crosshair"}</caption>
        <tbody>
          {keys.map((key, index) => (
            <tr key={key} data-key={key}>
              <td>
                <i className="swatch" style={{ background: `var(--series-${index % 8})` }} />
              </td>
              <th scope="row">{key}</th>
              <Values board={board} source={source} parameterKey={key} crossed={crossed} />
              {onRemove && (
                <td>
                  <button className="quiet" aria-label={`Remove ${key}`} onClick={() => onRemove(key)}>
                    ✕
                  </button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </figcaption>
  );
}

interface ValuesProps extends Omit<Props, "keys" | "onRemove"> {
  parameterKey: string;
}

function Values({ board, source, parameterKey, crossed }: ValuesProps) {
  const parameter = board.catalog.get(parameterKey);
  if (!parameter) return <td colSpan={3}>not in generation {board.catalog.generation}</td>;
  const series = source.of(parameterKey);
  const point = crossed === null ? series.last : series.nearest(crossed);
  return (
    <>
      <td className="value">
        {point ? exact(point.exact) : "no sample"} {parameter.unit}
      </td>
      <td>{point && utc(point.time, crossed === null ? 3 : 6)}</td>
      <td className="hint">{point && boundsText(point)}</td>
    </>
  );
}

/** What a point stands for when it is more than one sample. */
function boundsText({ min, max }: Point): string {
  return min < max ? `${shown(min)} … ${shown(max)} around it` : "";
}
