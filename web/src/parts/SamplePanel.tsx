import { useState } from "react";
import { limitTexts } from "../model/alarms";
import type { Parameter } from "../model/catalog";
import { age, exact, utc } from "../model/format";
import { useSession, type Session } from "../model/session";
import { useStore } from "../model/store";
import { useNow } from "../model/useNow";

/** A parameter: what it is, its newest sample with all digits, and the ways to its origin and its plot. */
export function SamplePanel({ parameterKey }: { parameterKey: string }) {
  const session = useSession();
  const { board } = useStore(session.feed.store);
  useNow(250);
  const parameter = board?.catalog.get(parameterKey);
  const sample = board?.get(parameterKey);
  return (
    <>
      <h2 tabIndex={-1}>{parameterKey}</h2>
      {!parameter && <p className="wrong">Generation {board?.catalog.generation} does not have this parameter.</p>}
      {parameter?.description && <p>{parameter.description}</p>}
      <dl className="facts">
        <dt>Value</dt>
        <dd data-level={sample?.level}>
          <span className="value">{exact(sample?.value)}</span> {parameter?.unit}
        </dd>
        <dt>Raw</dt>
        <dd>{exact(sample?.raw)}</dd>
        <dt>Alarm</dt>
        <dd>{sample?.level ?? "–"}</dd>
        <dt>Age</dt>
        <dd>{sample ? age(session.feed.age(sample)) : "no sample yet"}</dd>
        <dt>Time</dt>
        <dd>{sample ? utc(sample.time, 6) : "–"}</dd>
        <dt>Received</dt>
        <dd>{sample ? utc(sample.received, 6) : "–"}</dd>
        <dt>Frame</dt>
        <dd>{sample?.frameOffset ?? "–"}</dd>
        {parameter && <Definition parameter={parameter} />}
      </dl>
      {parameter && (
        <p className="tools">
          <button onClick={() => session.router.go("plots", { p: plotted(session, parameterKey) })}>Plot</button>
          <button
            disabled={!sample}
            onClick={() =>
              sample &&
              session.panel.set({
                kind: "origin",
                packet: parameter.packet,
                parameter: parameter.label,
                frameOffset: sample.frameOffset,
                generation: board?.catalog.generation ?? "",
              })
            }
          >
            Origin
          </button>
        </p>
      )}
    </>
  );
}

/** What is plotted already, and this one. */
function plotted({ router }: Session, key: string): string[] {
  const keys = new URLSearchParams(router.href("plots").split("?")[1]).getAll("p");
  return [...new Set([...keys, key])];
}

function Definition({ parameter }: { parameter: Parameter }) {
  const [open, setOpen] = useState(false);
  const limits = limitTexts(parameter);
  return (
    <>
      <dt>Type</dt>
      <dd>
        {parameter.type} from {parameter.rawType}
      </dd>
      <dt>Defined in</dt>
      <dd>{parameter.definition}</dd>
      {limits.length > 0 && (
        <>
          <dt>Limits</dt>
          <dd>
            <button className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
              {limits.length} {open ? "▾" : "▸"}
            </button>
            {open && (
              <ul className="plain">
                {limits.map((text, index) => (
                  <li key={index}>{text}</li>
                ))}
              </ul>
            )}
          </dd>
        </>
      )}
    </>
  );
}
