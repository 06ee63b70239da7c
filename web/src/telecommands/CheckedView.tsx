import { shown } from "../model/format";
import type { Checked } from "../model/telecommands";
import { HexDump } from "../parts/HexDump";

/** What a telecommand would be: its bytes, its arguments as the device will read them, what stands in its way. */
export function CheckedView({ checked, when }: { checked: Checked; when: string }) {
  const { significance, approvals_needed: approvals, constraints, resolved, packet } = checked;
  return (
    <>
      <dl className="facts">
        <dt>Significance</dt>
        <dd>
          <b className={significance}>{significance}</b>
        </dd>
        <dt>Approval</dt>
        <dd>{approvals === 0 ? "not needed" : `needed, by ${approvals} other ${approvals === 1 ? "person" : "persons"}`}</dd>
        <dt>Release</dt>
        <dd>{when}</dd>
        {resolved.map(({ name, value, raw, source }) => (
          <Fact key={name} name={name}>
            {shown(value)}
            {String(raw) !== String(value) && ` (raw ${shown(raw)})`} <span className="hint">{source}</span>
          </Fact>
        ))}
        {constraints.map(({ condition, holds, seen }) => (
          <Fact key={condition} name="Constraint">
            {condition}: <b className={holds ? "good" : "bad"}>{holds ? "holds" : "does not hold now"}</b>{" "}
            <span className="hint">{seen}</span>
          </Fact>
        ))}
      </dl>
      <h3>
        {packet.length / 2} bytes <span className="hint">with sequence count 0; its own comes with the release</span>
      </h3>
      <HexDump hex={packet} places={[]} label="Bytes of the telecommand" />
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
