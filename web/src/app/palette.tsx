import { Modal } from "antd";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { listAssets, listMyAssets } from "../../../src/assets/schema.ts";
import { listUsers, type Me } from "../../../src/iam/schema.ts";
import { useEndpoint } from "../query.ts";
import { pages } from "../pages/index.ts";
import { titleOf } from "../pages/page.ts";
import { choose } from "./preferences.ts";
import { mayEnter } from "./places.ts";
import { leave } from "./user-menu.tsx";

interface Item {
  readonly key: string;
  readonly group: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly run: () => void;
}

/** Reaches every page, asset, person and action by name. */
export function Palette({ me, open, close }: { me: Me; open: boolean; close: () => void }) {
  return (
    <Modal
      open={open}
      onCancel={close}
      footer={null}
      closable={false}
      width={600}
      className="palette"
      destroyOnHidden
      style={{ top: 80 }}
    >
      {open && <PaletteBody me={me} close={close} />}
    </Modal>
  );
}

function PaletteBody({ me, close }: { me: Me; close: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [marked, setMarked] = useState(0);
  const items = useItems(me, typed);
  const run = (item: Item | undefined) => {
    if (!item) return;
    close();
    item.run();
  };
  useEffect(() => {
    document.querySelector(".palette-item.marked")?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setMarked((at) => Math.min(items.length - 1, at + 1));
    else if (event.key === "ArrowUp") setMarked((at) => Math.max(0, at - 1));
    else if (event.key === "Enter") run(items[marked]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className="palette-input"
        value={typed}
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={items[marked] ? `palette-${marked}` : undefined}
        aria-label={t("shell.palette")}
        placeholder={t("shell.palette")}
        onChange={(event) => {
          setTyped(event.target.value);
          setMarked(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" className="palette-list" aria-label={t("shell.palette")}>
        {items.length === 0 && <p className="muted palette-empty">{t("shell.paletteEmpty")}</p>}
        {items.map((item, at) => (
          <div key={item.key}>
            {item.group !== items[at - 1]?.group && <h4>{item.group}</h4>}
            <div
              id={`palette-${at}`}
              role="option"
              aria-selected={at === marked}
              className={at === marked ? "palette-item marked" : "palette-item"}
              onMouseMove={() => setMarked(at)}
              onClick={() => run(item)}
            >
              <span>{item.label}</span>
              <span className="muted mono">{item.hint}</span>
            </div>
          </div>
        ))}
      </div>
      <div className="palette-foot muted">{t("shell.paletteHint")}</div>
    </>
  );
}

function useItems(me: Me, typed: string): readonly Item[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSettled(typed.trim());
  const may = (permission: string) => me.permissions.includes(permission);
  const mine = useEndpoint(
    listMyAssets,
    { limit: 6, ...(search && { search }) },
    { enabled: may("me.asset.list") || search !== "" },
  );
  const assets = useEndpoint(listAssets, { limit: 5, search }, { enabled: search !== "" && may("asset.list") });
  const users = useEndpoint(listUsers, { limit: 5, search }, { enabled: search !== "" && may("user.list") });
  return useMemo(() => {
    const go = (path: string) => () => void navigate(path);
    const fits = (label: string) => label.toLowerCase().includes(typed.trim().toLowerCase());
    const connects = (mine.data?.items ?? []).flatMap(({ id, name, host, accounts }) =>
      accounts
        .filter(({ actions }) => actions.includes("connect"))
        .slice(0, 3)
        .map((account) => ({
          key: `connect ${id} ${account.id}`,
          group: t("shell.assets"),
          label: t("shell.connectTo", { asset: name, account: account.name }),
          hint: host,
          run: go(`/?connect=${id}&account=${account.id}`),
        })),
    );
    const fixed: Item[] = [
      ...pages
        .filter((page) => page.section !== undefined && mayEnter(me, page))
        .map(({ path, title, place }) => ({
          key: path,
          group: t("shell.pages"),
          label: titleOf(t, title),
          hint: t(`shell.${place}`),
          run: go(path),
        })),
      ...(["light", "dark", "system"] as const).map((theme) => ({
        key: theme,
        group: t("shell.actions"),
        label: t(`shell.themes.${theme}`),
        hint: t("shell.theme"),
        run: () => choose({ theme }),
      })),
      { key: "out", group: t("shell.actions"), label: t("shell.signOut"), run: () => void leave() },
    ].filter(({ label }) => fits(label));
    return [
      ...(search ? [] : fixed.filter(({ group }) => group === t("shell.pages"))),
      ...connects,
      ...(search ? fixed.filter(({ group }) => group === t("shell.pages")) : []),
      ...(search ? (assets.data?.items ?? []) : []).map(({ id, name, host }) => ({
        key: id,
        group: t("terms.assets"),
        label: name,
        hint: host,
        run: go(`/console/assets/${id}`),
      })),
      ...(search ? (users.data?.items ?? []) : []).map(({ id, name, loginName }) => ({
        key: id,
        group: t("shell.people"),
        label: name,
        hint: loginName,
        run: go(`/console/users/${id}`),
      })),
      ...fixed.filter(({ group }) => group === t("shell.actions")),
    ];
  }, [me, mine.data, assets.data, users.data, typed, search, t, navigate]);
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 120);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
