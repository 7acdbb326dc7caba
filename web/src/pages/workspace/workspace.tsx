import { MenuFoldOutlined, MenuUnfoldOutlined } from "@ant-design/icons";
import { Button, Drawer, Tooltip } from "antd";
import { lazy, type PointerEvent, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { listMyAssets } from "../../../../src/assets/schema.ts";
import { call } from "../../api.ts";
import { ConfirmEnd, useNarrow, useShortcuts, useTitle } from "../../kit/index.ts";
import { closeTab, moveTab, onScreenKey, openTab, restoreTabs, type Tab, useTabs } from "../../terminal/tabs.ts";
import { AssetList } from "./asset-list.tsx";
import { AssetTree } from "./asset-tree.tsx";
import { TabBar } from "./tab-bar.tsx";

const TerminalPane = lazy(() =>
  import("../../terminal/terminal-pane.tsx").then((module) => ({ default: module.TerminalPane })),
);
const WIDTH = "sallyport.tree";

/** My assets, and the terminals that are open on them. */
export function Page() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const tabs = useTabs();
  const narrow = useNarrow();
  const [closing, setClosing] = useState<Tab | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  const node = params.get("node");
  const active = tabs.list.find(({ key }) => key === tabs.active);
  const tree = useTreeWidth();
  const [drawer, setDrawer] = useState(false);
  useTitle(active ? `${active.account}@${active.asset}` : t("work.assets.title"));
  useEffect(restoreTabs, []);
  useConnectFromAddress();

  const close = useCallback(
    (tab: Tab) => (tab.state.kind === "live" || tab.state.kind === "lost" ? setClosing(tab) : closeTab(tab.key)),
    [],
  );
  const leave = useCallback(() => bar.current?.querySelector<HTMLElement>("[aria-selected='true']")?.focus(), []);
  useEffect(
    () =>
      onScreenKey((key) => {
        if (key === "next") moveTab(1);
        else if (key === "previous") moveTab(-1);
        else if (key === "close" && active) close(active);
        else if (key.startsWith("tab-")) moveTab(0, Number(key.slice(4)));
      }),
    [active, close],
  );
  useShortcuts([
    { keys: "mod+shift+ArrowRight", label: t("work.tabs.next"), run: () => moveTab(1) },
    { keys: "mod+shift+ArrowLeft", label: t("work.tabs.previous"), run: () => moveTab(-1) },
    { keys: "Ctrl+shift+.", label: t("work.tabs.leave"), run: leave },
    { keys: "Ctrl+shift+1…9", label: t("work.tabs.at"), run: () => undefined },
    { keys: "Ctrl+shift+X", label: t("work.tabs.closeTab"), run: () => undefined },
    { keys: "Ctrl+shift+F", label: t("work.tabs.find"), run: () => undefined },
    { keys: "Ctrl+shift+C", label: t("work.tabs.copy"), run: () => undefined },
    { keys: "Ctrl+shift+V", label: t("work.tabs.paste"), run: () => undefined },
    { keys: "Ctrl+shift+K", label: t("work.tabs.palette"), run: () => undefined },
  ]);
  const chooseNode = (id: string | null) => {
    setDrawer(false);
    setParams((before) => {
      const after = new URLSearchParams(before);
      if (id) after.set("node", id);
      else after.delete("node");
      return after;
    });
  };
  const side = (
    <>
      <nav className="work-nav">
        <Link to="/" aria-current="page">
          {t("shell.nav.myAssets")}
        </Link>
        <Link to="/sessions">{t("shell.nav.mySessions")}</Link>
      </nav>
      <AssetTree chosen={node} choose={chooseNode} />
    </>
  );
  return (
    <div className="workspace">
      {!narrow && tree.shown && (
        <aside className="work-side" style={{ width: tree.width }}>
          {side}
          <div
            className="work-grip"
            role="separator"
            aria-orientation="vertical"
            aria-label={t("work.tree.resize")}
            aria-valuenow={tree.width}
            tabIndex={0}
            onPointerDown={tree.grip}
            onKeyDown={(event) => tree.key(event.key)}
          />
        </aside>
      )}
      <section className="work-main">
        <div className="work-head">
          <Tooltip title={tree.shown && !narrow ? t("work.tree.hide") : t("work.tree.show")}>
            <Button
              type="text"
              size="small"
              icon={tree.shown && !narrow ? <MenuFoldOutlined /> : <MenuUnfoldOutlined />}
              aria-label={tree.shown && !narrow ? t("work.tree.hide") : t("work.tree.show")}
              onClick={() => (narrow ? setDrawer(true) : tree.toggle())}
            />
          </Tooltip>
          <TabBar tabs={tabs} close={close} bar={bar} />
        </div>
        {active ? (
          <Suspense fallback={<div className="terminal-pane" />}>
            <TerminalPane key={active.key} tab={active} leave={leave} />
          </Suspense>
        ) : (
          <AssetList nodeId={node} />
        )}
      </section>
      {narrow && (
        <Drawer
          open={drawer}
          onClose={() => setDrawer(false)}
          placement="left"
          size={300}
          title={t("work.tree.filter")}
          styles={{ body: { padding: 0, display: "flex", flexDirection: "column" } }}
        >
          {side}
        </Drawer>
      )}
      {closing && (
        <ConfirmEnd
          title={t("work.tabs.closeTitle")}
          text={t("work.tabs.closeText", { asset: closing.asset })}
          names={[closing.asset]}
          verb={t("kit.close")}
          close={() => setClosing(null)}
          run={async () => closeTab(closing.key)}
        />
      )}
    </div>
  );
}

/** `?connect=<asset>&account=<account>`: opens the terminal once, and leaves the address clean. */
function useConnectFromAddress(): void {
  const [params, setParams] = useSearchParams();
  const assetId = params.get("connect");
  const accountId = params.get("account");
  useEffect(() => {
    if (!assetId || !accountId) return;
    setParams(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete("connect");
        after.delete("account");
        return after;
      },
      { replace: true },
    );
    void nameOf(assetId, accountId).then((target) => target && openTab(target));
  }, [assetId, accountId, setParams]);
}

async function nameOf(assetId: string, accountId: string) {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await call(listMyAssets, { limit: 200, ...(cursor && { cursor }) });
    const asset = page.items.find(({ id }) => id === assetId);
    const account = asset?.accounts.find(({ id }) => id === accountId);
    if (asset && account)
      return {
        assetId,
        accountId,
        protocol: asset.protocols[0]?.kind ?? "ssh",
        asset: asset.name,
        account: account.name,
      };
    cursor = page.next;
  }
  return null;
}

const [NARROWEST, WIDEST] = [160, 480];
const within = (width: number): number => Math.round(Math.max(NARROWEST, Math.min(WIDEST, width)));

function useTreeWidth() {
  const [width, setWidth] = useState(() => within(Number(localStorage.getItem(WIDTH)) || 236));
  const [shown, setShown] = useState(true);
  useEffect(() => localStorage.setItem(WIDTH, String(width)), [width]);
  const grip = (event: PointerEvent<HTMLElement>) => {
    const from = event.clientX - width;
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = (moved) => setWidth(within(moved.clientX - from));
    target.onpointerup = () => (target.onpointermove = target.onpointerup = null);
  };
  const key = (pressed: string) => {
    if (pressed === "ArrowLeft" || pressed === "ArrowRight")
      setWidth((now) => within(now + (pressed === "ArrowLeft" ? -16 : 16)));
  };
  return { width, shown, toggle: () => setShown((now) => !now), grip, key };
}
