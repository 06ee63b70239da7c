/** Rows by keyboard: Tab goes from table to table, the arrows from row to row. */

const STEPS: Record<string, (at: number, count: number) => number> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at) => at + 10,
  PageUp: (at) => at - 10,
  Home: () => 0,
  End: (_, count) => count - 1,
};

export function moveAmongRows(event: React.KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  const rows = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button.row")];
  const at = rows.indexOf(event.target as HTMLButtonElement);
  if (!step || at < 0) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, step(at, rows.length)))]?.focus();
}
