import { useTranslation } from "react-i18next";
import { Link, type RouteObject, useRouteError } from "react-router";
import { Empty, ErrorPanel } from "../kit/states.tsx";
import { pages } from "../pages/index.ts";
import type { PageEntry } from "../pages/page.ts";
import { Gate } from "./gate.tsx";

const routeOf = ({ path, load }: PageEntry): RouteObject => ({
  path,
  lazy: async () => ({ Component: (await load()).Page }),
  errorElement: <Crashed />,
});

/** The addresses of the console. Set-up and the return from a provider stand alone, everything else needs a person. */
export const routes: RouteObject[] = [
  {
    path: "/setup",
    lazy: async () => ({ Component: (await import("./setup-page.tsx")).SetupPage }),
    hydrateFallbackElement: <div />,
  },
  {
    path: "/sign-in/callback/:backendId",
    lazy: async () => ({ Component: (await import("./way-in/callback-page.tsx")).CallbackPage }),
    hydrateFallbackElement: <div />,
  },
  {
    path: "/invite",
    lazy: async () => ({ Component: (await import("./invite-page.tsx")).InvitePage }),
    hydrateFallbackElement: <div />,
  },
  {
    path: "/",
    Component: Gate,
    hydrateFallbackElement: <div />,
    errorElement: <Crashed />,
    children: [...pages.map(routeOf), { path: "*", Component: Missing }],
  },
];

function Missing() {
  const { t } = useTranslation();
  return (
    <Empty title={t("shell.notFound")} text={t("shell.notFoundText")} action={<Link to="/">{t("shell.home")}</Link>} />
  );
}

function Crashed() {
  const { t } = useTranslation();
  const error = useRouteError();
  return <ErrorPanel error={error} title={t("shell.crashed")} retry={() => location.reload()} />;
}
