import { MenuOutlined, QuestionCircleOutlined, SearchOutlined } from "@ant-design/icons";
import { Button, Drawer, Tooltip } from "antd";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router";
import type { Me } from "../../../src/iam/schema.ts";
import { useNarrow } from "../kit/settings.ts";
import { Keys, ShortcutSheet, showShortcuts, useShortcuts } from "../kit/shortcuts.tsx";
import { Loading, OfflineBanner } from "../kit/states.tsx";
import { type PageEntry, type Place, titleOf } from "../pages/page.ts";
import { OrganizationSwitch } from "./organization-switch.tsx";
import { Palette } from "./palette.tsx";
import { pageAt, pagesOf, placesOf } from "./places.ts";
import { UserMenu } from "./user-menu.tsx";

/** What stands around every page: places, organization, command palette, the person's menu, the place's navigation. */
export function Shell({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const narrow = useNarrow();
  const [palette, setPalette] = useState(false);
  const [menu, setMenu] = useState(false);
  const place = pageAt(pathname)?.place ?? "workspace";
  const places = placesOf(me);
  const nav = pagesOf(me, place);
  useEffect(() => setMenu(false), [pathname]);
  useShortcuts([
    { keys: "mod+k", label: t("kit.shortcuts.palette"), always: true, run: () => setPalette((open) => !open) },
  ]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t("shell.skip")}
      </a>
      <header className="top">
        {narrow && (
          <Button type="text" icon={<MenuOutlined />} aria-label={t("shell.menu")} onClick={() => setMenu(true)} />
        )}
        {!narrow && <PlaceSwitch places={places} place={place} />}
        {!narrow && <OrganizationSwitch me={me} />}
        <button type="button" className="palette-button" onClick={() => setPalette(true)} aria-keyshortcuts="Control+K">
          <SearchOutlined />
          <span>{t("shell.palette")}</span>
          {!narrow && <Keys keys="mod+k" />}
        </button>
        {!narrow && (
          <Tooltip title={t("kit.shortcuts.help")}>
            <Button
              type="text"
              icon={<QuestionCircleOutlined />}
              aria-label={t("kit.shortcuts.help")}
              onClick={showShortcuts}
            />
          </Tooltip>
        )}
        <UserMenu me={me} />
      </header>
      <OfflineBanner />
      <div className="below">
        {!narrow && nav.length > 1 && pathname !== "/" && <Navigation pages={nav} />}
        <main id="content" tabIndex={-1}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Drawer open={menu} onClose={() => setMenu(false)} placement="left" size={280} title={t("shell.menu")}>
        <OrganizationSwitch me={me} />
        {places.map(({ place: name }) => (
          <Navigation key={name} pages={pagesOf(me, name)} heading={t(`shell.${name}`)} />
        ))}
      </Drawer>
      <Palette me={me} open={palette} close={() => setPalette(false)} />
      <ShortcutSheet />
    </div>
  );
}

/** The places that the person may enter. Workspace shows its pages right here: it needs the whole width. */
function PlaceSwitch({ places, place }: { places: readonly { place: Place; home: string }[]; place: Place }) {
  const { t } = useTranslation();
  return (
    <nav className="places" aria-label={t("shell.places")}>
      <img src="/mark.svg" alt={t("shell.product")} width={20} height={20} />
      {places.map(({ place: name, home }) => (
        <Link key={name} to={home} aria-current={name === place ? "true" : undefined}>
          {t(`shell.${name}`)}
        </Link>
      ))}
    </nav>
  );
}

function Navigation({ pages, heading }: { pages: readonly PageEntry[]; heading?: string }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const here = pageAt(pathname)?.path;
  const sections = [...new Set(pages.map(({ section }) => section))];
  return (
    <nav className="side-nav" aria-label={heading ?? t("shell.menu")}>
      {heading && <h2>{heading}</h2>}
      {sections.map((section) => (
        <section key={section}>
          {section && <h3>{titleOf(t, section)}</h3>}
          {pages
            .filter((page) => page.section === section)
            .map(({ path, title, load }) => (
              <Link
                key={path}
                to={path}
                aria-current={here === path || here?.startsWith(`${path}/`) ? "page" : undefined}
                onMouseEnter={() => void load()}
                onFocus={() => void load()}
              >
                {titleOf(t, title)}
              </Link>
            ))}
        </section>
      ))}
    </nav>
  );
}
