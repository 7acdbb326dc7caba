import { Button } from "antd";
import type { PageAction } from "../kit/index.ts";

/** The actions of a row at the top of its side panel. */
export function PanelActions({ actions }: { actions: readonly PageAction[] }) {
  if (actions.length === 0) return null;
  return (
    <div className="row panel-actions">
      {actions.map(({ key, label, run, danger, disabled }) => (
        <Button key={key} size="small" danger={danger ?? false} disabled={disabled ?? false} onClick={run}>
          {label}
        </Button>
      ))}
    </div>
  );
}
