import { DownOutlined } from "@ant-design/icons";
import { Button, Dropdown, type MenuProps } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Me, signOut } from "../../../src/iam/schema.ts";
import { call } from "../api.ts";
import { useNarrow } from "../kit/settings.ts";
import { showShortcuts } from "../kit/shortcuts.tsx";
import { languageNow } from "../texts/index.ts";
import { choose, usePreferences } from "./preferences.ts";

const THEMES = ["light", "dark", "system"] as const;
const DENSITIES = ["compact", "comfortable"] as const;

/** Leaves the console, by way of the provider one came from; nothing of the person stays in the page's memory. */
export async function leave(): Promise<void> {
  const out = await call(signOut, {}).catch(() => null);
  sessionStorage.clear();
  location.assign(out?.goTo ?? "/");
}

/** The person's name, with own page, look, language and the way out. */
export function UserMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const { theme, density } = usePreferences();
  const items: MenuProps["items"] = [
    { key: "own", label: t("shell.account"), onClick: () => void navigate("/me") },
    { type: "divider" },
    {
      key: "theme",
      label: t("shell.theme"),
      children: THEMES.map((key) => ({ key, label: t(`shell.themes.${key}`), onClick: () => choose({ theme: key }) })),
    },
    {
      key: "density",
      label: t("shell.density"),
      children: DENSITIES.map((key) => ({
        key,
        label: t(`shell.densities.${key}`),
        onClick: () => choose({ density: key }),
      })),
    },
    {
      key: "language",
      label: t("shell.language"),
      children: [
        { key: "en", label: "English", onClick: () => choose({ language: "en" }) },
        { key: "zh", label: "中文", onClick: () => choose({ language: "zh" }) },
      ],
    },
    { key: "help", label: t("kit.shortcuts.title"), onClick: showShortcuts },
    { type: "divider" },
    { key: "out", label: t("shell.signOut"), onClick: () => void leave() },
  ];
  return (
    <Dropdown
      trigger={["click"]}
      placement="bottomRight"
      menu={{ items, selectable: true, selectedKeys: [theme, density, languageNow()] }}
    >
      <Button type="text" className="user-button">
        {narrow ? me.name.slice(0, 1) : me.name} <DownOutlined />
      </Button>
    </Dropdown>
  );
}
