/** Rows as CSV (RFC 4180), for a spreadsheet or a script. */

export function csv(head: readonly string[], rows: Iterable<readonly unknown[]>): string {
  const lines = [head, ...rows].map((row) => row.map(field).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function field(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
