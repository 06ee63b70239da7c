import type { Catalog } from "../model/catalog";
import type { Widget } from "../model/dashboards";
import { ParameterPicker } from "../parts/ParameterPicker";

interface Props {
  widget: Widget;
  catalog: Catalog;
  /** null takes it away. */
  onChange: (widget: Widget | null) => void;
  onMove: (by: 1 | -1) => void;
}

/** Title, parameters, width and place of one part of a dashboard. */
export function WidgetEditor({ widget, catalog, onChange, onMove }: Props) {
  const { title, parameters, wide } = widget;
  return (
    <div className="editor">
      <div className="tools">
        <label>
          Title <input value={title} onChange={(event) => onChange({ ...widget, title: event.target.value })} />
        </label>
        <label>
          <input
            type="checkbox"
            checked={wide}
            onChange={(event) => onChange({ ...widget, wide: event.target.checked })}
          />{" "}
          wide
        </label>
        <button className="quiet" aria-label={`Move ${title || widget.kind} forward`} onClick={() => onMove(-1)}>
          ◀
        </button>
        <button className="quiet" aria-label={`Move ${title || widget.kind} back`} onClick={() => onMove(1)}>
          ▶
        </button>
        <button aria-label={`Remove ${title || widget.kind}`} onClick={() => onChange(null)}>
          Remove
        </button>
      </div>
      <ParameterPicker
        catalog={catalog}
        taken={parameters}
        onPick={(key) => onChange({ ...widget, parameters: [...parameters, key] })}
      />
      <p className="tools">
        {parameters.map((key) => (
          <button
            key={key}
            className="quiet"
            aria-label={`Take ${key} away`}
            onClick={() => onChange({ ...widget, parameters: parameters.filter((each) => each !== key) })}
          >
            {key} ✕
          </button>
        ))}
      </p>
    </div>
  );
}
