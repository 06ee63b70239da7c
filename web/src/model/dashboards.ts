/** Dashboards: which values and plots a user wants to see together. They are kept on the bus, for everybody. */

export type Widget =
  | { kind: "values"; title: string; parameters: string[]; wide: boolean }
  | { kind: "plot"; title: string; parameters: string[]; seconds: number; wide: boolean };

export interface Dashboard {
  title: string;
  widgets: Widget[];
}

export const EMPTY: Dashboard = { title: "", widgets: [] };
const KINDS = ["values", "plot"] as const;

/** A dashboard as it is kept; null for what is none, whoever wrote it. */
export function parseDashboard(text: string): Dashboard | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  const { title, widgets } = (found ?? {}) as { title?: unknown; widgets?: unknown };
  if (typeof title !== "string" || !Array.isArray(widgets)) return null;
  return { title, widgets: widgets.flatMap((each) => widgetOf(each) ?? []) };
}

function widgetOf(found: unknown): Widget | null {
  const { kind, title, parameters, seconds, wide } = (found ?? {}) as Record<string, unknown>;
  const known = KINDS.find((each) => each === kind);
  if (!known || !Array.isArray(parameters)) return null;
  const common = {
    title: typeof title === "string" ? title : "",
    parameters: parameters.filter((each) => typeof each === "string"),
    wide: wide === true,
  };
  if (known === "values") return { kind: known, ...common };
  return { kind: known, ...common, seconds: typeof seconds === "number" && seconds > 0 ? seconds : 60 };
}

/** The key of a new dashboard: its title as one token of a subject, and what tells it from others of that title. */
export function keyFor(title: string, taken: readonly string[]): string {
  const base =
    title
      .toLowerCase()
      .normalize("NFKD")
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "") || "dashboard";
  for (let number = 1; ; number++) {
    const key = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(key)) return key;
  }
}

export function withWidget(dashboard: Dashboard, index: number, widget: Widget | null): Dashboard {
  const widgets = dashboard.widgets.flatMap((each, at) => (at === index ? (widget ?? []) : each));
  return { ...dashboard, widgets };
}

/** With a widget one place further to the front (-1) or to the back (1). */
export function moved(dashboard: Dashboard, index: number, by: 1 | -1): Dashboard {
  const widgets = [...dashboard.widgets];
  const to = index + by;
  const [one, other] = [widgets[index], widgets[to]];
  if (!one || !other) return dashboard;
  [widgets[index], widgets[to]] = [other, one];
  return { ...dashboard, widgets };
}
