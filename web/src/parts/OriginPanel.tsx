import { useEffect, useState } from "react";
import { words } from "../bus/ask";
import { exact } from "../model/format";
import { loadOrigin, type Field, type Origin, type OriginPacket } from "../model/origin";
import type { Panel } from "../model/panel";
import { useSession } from "../model/session";
import { HexDump } from "./HexDump";

type Props = Extract<Panel, { kind: "origin" }>;

/** Where a sample comes from: its packet, its frame's bytes with its bits marked, what made it. */
export function OriginPanel({ packet, frameOffset, generation, parameter }: Props) {
  const { bus } = useSession();
  const [found, setFound] = useState<{ origin?: Origin; wrong?: string }>({});
  useEffect(() => {
    let gone = false;
    loadOrigin(bus, { packet, frameOffset, generation }).then(
      (origin) => !gone && setFound({ origin }),
      (error: unknown) => !gone && setFound({ wrong: words(error) }),
    );
    return () => {
      gone = true;
    };
  }, [bus, packet, frameOffset, generation]);
  return (
    <>
      <h2 tabIndex={-1}>
        Origin of {packet}
        {parameter && `.${parameter}`}
      </h2>
      {found.wrong && (
        <p role="alert" className="wrong">
          {found.wrong}
        </p>
      )}
      {found.origin ? <Found origin={found.origin} parameter={parameter} /> : !found.wrong && <p>Loading…</p>}
    </>
  );
}

function Found({ origin, parameter }: { origin: Origin; parameter: string | undefined }) {
  const { frame, frames, generation, packets } = origin;
  const [chosen, setChosen] = useState(parameter);
  const fields = packets.flatMap((each) => each.fields);
  const field = fields.find((each) => each.parameter === chosen);
  return (
    <>
      {field ? <FieldFacts field={field} /> : <p className="hint">Choose a field to see its bits.</p>}
      {frames.map((each) => (
        <section key={each.frame_offset} aria-label={`Frame ${each.frame_offset}`}>
          <h3>
            Frame {each.frame_offset}, {each.size} bytes
          </h3>
          <HexDump hex={each.hex} places={(field?.places ?? []).filter((place) => place.frame_offset === each.frame_offset)} />
        </section>
      ))}
      <dl className="facts">
        <dt>Link</dt>
        <dd>{frame.link}</dd>
        <dt>Session</dt>
        <dd>{frame.session ?? "–"}</dd>
        <dt>Received</dt>
        <dd>{frame.received ?? "–"}</dd>
        <dt>Recorded</dt>
        <dd>{frame.recorded}</dd>
        <dt>Message</dt>
        <dd>{frame.message_id ?? "–"}</dd>
        <dt>Result</dt>
        <dd>{frame.result}</dd>
        <dt>Generation</dt>
        <dd>
          {generation.generation}
          {generation.live && " (live)"}
        </dd>
        <dt>Parser</dt>
        <dd>version {generation.parser_version ?? "–"}</dd>
        <dt>Mission</dt>
        <dd>{generation.mission ?? "–"}</dd>
      </dl>
      {packets.map((each) => (
        <PacketFields key={each.packet_index} packet={each} chosen={chosen} onChoose={setChosen} />
      ))}
    </>
  );
}

function FieldFacts({ field }: { field: Field }) {
  const bits = field.places.reduce((sum, place) => sum + place.bits, 0);
  return (
    <dl className="facts">
      <dt>Value</dt>
      <dd>
        {exact(field.value)} {field.unit}
      </dd>
      <dt>Raw</dt>
      <dd>{exact(field.raw)}</dd>
      <dt>Bits</dt>
      <dd>{field.places.length > 0 ? `${bits} from bit ${field.places[0]?.first_bit}` : "not in this frame"}</dd>
      <dt>Defined in</dt>
      <dd>{field.definition}</dd>
    </dl>
  );
}

interface FieldsProps {
  packet: OriginPacket;
  chosen: string | undefined;
  onChoose: (parameter: string) => void;
}

function PacketFields({ packet, chosen, onChoose }: FieldsProps) {
  return (
    <section aria-label={`Packet ${packet.packet}`}>
      <h3>
        {packet.packet}, APID {packet.apid ?? "–"}, count {packet.sequence_count ?? "–"}
      </h3>
      <p className="hint">generated {packet.generated ?? "without a time"}</p>
      <ul className="plain fields">
        {packet.fields.map((field) => (
          <li key={field.parameter}>
            <button className="quiet" aria-pressed={field.parameter === chosen} onClick={() => onChoose(field.parameter)}>
              {field.parameter} = {exact(field.value)} {field.unit}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
