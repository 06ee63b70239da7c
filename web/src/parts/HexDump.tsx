import { useMemo } from "react";
import { bitText, bytesOf, dumpLines, WIDTH, type Byte } from "../model/hexDump";
import type { Place } from "../model/origin";

/** Lines that are shown of a long frame, around what is marked. */
const MOST_LINES = 64;

interface Props {
  hex: string;
  places: readonly Place[];
  label?: string;
}

/** A frame's bytes; the marked bits also as bits. */
export function HexDump({ hex, places, label = "Bytes of the frame" }: Props) {
  const data = useMemo(() => bytesOf(hex), [hex]);
  const first = Math.max(0, Math.floor((places[0]?.first_bit ?? 0) / 8) - (MOST_LINES / 2) * WIDTH);
  const lines = dumpLines(data, places, first, MOST_LINES);
  const shown = lines.reduce((sum, line) => sum + line.bytes.length, 0);
  return (
    <>
      <pre className="hex" tabIndex={0} role="region" aria-label={label}>
        {lines.map(({ at, bytes, text }) => (
          <div key={at}>
            <span className="hint">{at.toString(16).padStart(4, "0")}</span>{" "}
            {bytes.map((byte, index) => (
              <HexByte key={index} byte={byte} />
            ))}
            {"   ".repeat(WIDTH - bytes.length)} <span className="hint">{text}</span>
          </div>
        ))}
      </pre>
      {shown < data.length && (
        <p className="hint">
          {shown} of {data.length} bytes are shown
        </p>
      )}
      {places.map((place) => {
        const bits = bitText(data, place);
        return (
          bits && (
            <p key={place.first_bit} className="bits">
              bits <code>{bits}</code>
            </p>
          )
        );
      })}
    </>
  );
}

function HexByte({ byte: { hex, marked } }: { byte: Byte }) {
  if (!marked) return <>{hex} </>;
  const whole = marked[0] === 0 && marked[1] === 8;
  return (
    <>
      <mark className={whole ? undefined : "part"} title={whole ? undefined : `bits ${marked[0]} to ${marked[1] - 1}`}>
        {hex}
      </mark>{" "}
    </>
  );
}
