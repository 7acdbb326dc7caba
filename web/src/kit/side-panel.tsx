import { CloseOutlined, ExpandAltOutlined } from "@ant-design/icons";
import { Button, Drawer, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "./settings.ts";

interface SidePanelProps {
  readonly title: ReactNode;
  readonly close: () => void;
  /** Opens the page of what is shown. */
  readonly open?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** What stands beside a list; over it on a narrow screen. */
export function SidePanel({ title, close, open, children }: SidePanelProps) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const buttons = (
    <>
      {open && (
        <Tooltip title={t("kit.list.openPage")}>
          <Button
            type="text"
            size="small"
            icon={<ExpandAltOutlined />}
            aria-label={t("kit.list.openPage")}
            onClick={open}
          />
        </Tooltip>
      )}
    </>
  );
  if (narrow) {
    return (
      <Drawer open onClose={close} title={title} extra={buttons} size="100%">
        {children}
      </Drawer>
    );
  }
  return (
    <aside className="side-panel" aria-label={t("kit.list.details")}>
      <header>
        <h2>{title}</h2>
        {buttons}
        <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("kit.close")} onClick={close} />
      </header>
      <div className="side-body">{children}</div>
    </aside>
  );
}
