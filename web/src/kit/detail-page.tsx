import { DownOutlined, EllipsisOutlined, LeftOutlined } from "@ant-design/icons";
import { Button, Dropdown, Tabs } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { Activity } from "./activity.tsx";
import { useMay } from "../me.ts";
import { useTitle } from "./settings.ts";

/** Something one can do with what the page shows. */
export interface PageAction {
  readonly key: string;
  readonly label: string;
  readonly run: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

export interface DetailTab {
  readonly key: string;
  readonly label: string;
  readonly children: ReactNode;
}

interface DetailPageProps {
  readonly title: string;
  /** Where the list is that this belongs to. */
  readonly parent: { readonly label: string; readonly href: string };
  /** The state in words: a StateTag, or several. */
  readonly state?: ReactNode;
  /** Below the title: what kind of thing, its host, its login name. */
  readonly subtitle?: ReactNode;
  /** The first two are buttons, the others stand in a menu. */
  readonly actions?: readonly PageAction[];
  readonly tabs: readonly DetailTab[];
  /** Who, when, related. */
  readonly rail?: ReactNode;
  /** The id whose audit events fill the activity tab. */
  readonly activityOf?: string;
}

/** The detail pattern: state in words, two likely actions, tabs, right rail, activity from the audit events. */
export function DetailPage({ title, parent, state, subtitle, actions = [], tabs, rail, activityOf }: DetailPageProps) {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const mayAudit = useMay("audit.event.list");
  useTitle(title);
  const all = [
    ...tabs,
    ...(activityOf && mayAudit
      ? [{ key: "activity", label: t("kit.detail.activity"), children: <Activity of={activityOf} /> }]
      : []),
  ];
  const [first, second, ...more] = actions;
  return (
    <div className="detail">
      <header className="detail-head">
        <div className="detail-title">
          <Link to={parent.href} className="crumb">
            <LeftOutlined /> {parent.label}
          </Link>
          <div className="detail-line">
            <h1>{title}</h1>
            {state}
          </div>
          {subtitle && <div className="muted">{subtitle}</div>}
        </div>
        <div className="page-actions">
          {[second, first]
            .filter((action) => action !== undefined)
            .map((action) => (
              <Button
                key={action.key}
                type={action === first && !action.danger ? "primary" : "default"}
                danger={action.danger ?? false}
                disabled={action.disabled ?? false}
                onClick={action.run}
              >
                {action.label}
              </Button>
            ))}
          {more.length > 0 && (
            <Dropdown
              trigger={["click"]}
              menu={{
                items: more.map(({ key, label, run, danger, disabled }) => ({
                  key,
                  label,
                  onClick: run,
                  danger: danger ?? false,
                  disabled: disabled ?? false,
                })),
              }}
            >
              <Button icon={<DownOutlined />} iconPlacement="end">
                {t("kit.more")}
              </Button>
            </Dropdown>
          )}
        </div>
      </header>
      <div className="detail-body">
        <Tabs
          className="detail-tabs"
          activeKey={params.get("tab") ?? all[0]?.key ?? ""}
          onChange={(tab) => setParams({ tab }, { replace: true })}
          destroyOnHidden
          more={{ icon: <EllipsisOutlined aria-label={t("kit.more")} /> }}
          items={all.map((tab) => ({ ...tab }))}
        />
        {rail && <aside className="rail">{rail}</aside>}
      </div>
    </div>
  );
}
