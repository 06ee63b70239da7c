/** The head of a table of values. */
export function ValueHead({ hidden = false }: { hidden?: boolean }) {
  return (
    <thead hidden={hidden}>
      <tr>
        <th scope="col">Parameter</th>
        <th scope="col">Value</th>
        <th scope="col">Unit</th>
        <th scope="col">Age</th>
      </tr>
    </thead>
  );
}

/** The cells of a row behind its parameter; their texts are drawn past React (see boardDrawing). */
export function ValueCells({ unit }: { unit: string }) {
  return (
    <>
      <td className="value">
        <span className="text">–</span>
      </td>
      <td className="unit">{unit}</td>
      <td className="age">
        <span className="text">–</span>
      </td>
    </>
  );
}
