import { CloseOutlined } from "@ant-design/icons";
import { Fragment, type KeyboardEvent, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { showTab, type Tab, type Tabs } from "../../terminal/tabs.ts";

const DOT: Readonly<Record<Tab["state"]["kind"], string>> = {
  connecting: "wait",
  live: "live",
  lost: "wait",
  elsewhere: "over",
  fault: "fault",
  ended: "over",
};

/** The list of assets and the open terminals. Arrows move, Enter goes into the terminal, Delete closes. */
export function TabBar({
  tabs,
  close,
  bar,
}: {
  tabs: Tabs;
  close: (tab: Tab) => void;
  bar: RefObject<HTMLDivElement | null>;
}) {
  const { t } = useTranslation();
  const keys: (string | null)[] = [null, ...tabs.list.map(({ key }) => key)];
  const onKeyDown = (event: KeyboardEvent) => {
    const at = keys.indexOf(tabs.active);
    const tab = tabs.list.find(({ key }) => key === tabs.active);
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const next = keys[(at + (event.key === "ArrowRight" ? 1 : -1) + keys.length) % keys.length] ?? null;
      showTab(next);
      requestAnimationFrame(() => bar.current?.querySelector<HTMLElement>("[aria-selected='true']")?.focus());
    } else if (event.key === "Enter" && tab) tab.screen?.terminal.focus();
    else if (event.key === "Delete" && tab) close(tab);
    else return;
    event.preventDefault();
  };
  const tabIndex = (key: string | null) => (tabs.active === key ? 0 : -1);
  return (
    <div className="tab-bar" role="tablist" aria-label={t("work.tabs.label")} ref={bar} onKeyDown={onKeyDown}>
      <button
        type="button"
        role="tab"
        className="tab"
        aria-selected={tabs.active === null}
        tabIndex={tabIndex(null)}
        onClick={() => showTab(null)}
      >
        {t("work.assets.tab")}
      </button>
      {tabs.list.map((tab) => (
        <Fragment key={tab.key}>
          <button
            type="button"
            role="tab"
            className="tab"
            aria-selected={tabs.active === tab.key}
            tabIndex={tabIndex(tab.key)}
            onClick={() => showTab(tab.key)}
            onAuxClick={(event) => event.button === 1 && close(tab)}
          >
            <span className={`tab-dot ${DOT[tab.state.kind]}`} aria-hidden="true" />
            <span className="mono">
              {tab.account}@{tab.asset}
            </span>
            {tab.news && <span className="tab-news" aria-hidden="true" />}
          </button>
          <button
            type="button"
            className="icon-button tab-close"
            tabIndex={-1}
            aria-label={t("work.tabs.close", { name: `${tab.account}@${tab.asset}` })}
            onClick={() => close(tab)}
          >
            <CloseOutlined />
          </button>
        </Fragment>
      ))}
    </div>
  );
}
