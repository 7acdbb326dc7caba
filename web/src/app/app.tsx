import { QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { LookContext, useMedia } from "../kit/settings.ts";
import { queries } from "../query.ts";
import { paint, themeOf } from "../theme.ts";
import { usePreferences } from "./preferences.ts";
import { routes } from "./routes.tsx";

const router = createBrowserRouter(routes);

/** The whole console: look, language, cache, pages. */
export function App() {
  const { i18n } = useTranslation();
  const { theme, density } = usePreferences();
  const systemDark = useMedia("(prefers-color-scheme: dark)");
  const calm = useMedia("(prefers-reduced-motion: reduce)");
  const mode = theme === "system" ? (systemDark ? "dark" : "light") : theme;
  const look = useMemo(() => ({ mode, density }), [mode, density]);
  const tokens = useMemo(() => themeOf(mode, density), [mode, density]);
  useEffect(() => paint(mode, density), [mode, density]);
  return (
    <ConfigProvider
      locale={i18n.language === "zh" ? zhCN : enUS}
      theme={calm ? { ...tokens, token: { ...tokens.token, motion: false } } : tokens}
      componentSize={density === "compact" ? "medium" : "medium"}
      wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}
    >
      <AntApp component={false}>
        <QueryClientProvider client={queries}>
          <LookContext value={look}>
            <RouterProvider router={router} />
          </LookContext>
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
