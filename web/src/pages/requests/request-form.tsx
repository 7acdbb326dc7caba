import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { breakGlass, listRequestable, requestAccess } from "../../../../src/assets/schema.ts";
import { type FieldGroup, FormDrawer, source } from "../../kit/index.ts";
import { spanWords } from "./ticket-facts.tsx";

const assetsFor = (glass: boolean) =>
  source({
    list: listRequestable,
    input: { what: "asset", breakGlass: String(glass) },
    name: ({ name }) => name,
    hint: ({ host }) => host ?? "",
  });
const nodesFor = (glass: boolean) =>
  source({ list: listRequestable, input: { what: "node", breakGlass: String(glass) }, name: ({ name }) => name });

const SOURCES = {
  ask: { assets: assetsFor(false), nodes: nodesFor(false) },
  glass: { assets: assetsFor(true), nodes: nodesFor(true) },
} as const;

/** Asks for access, or breaks glass: what, as which accounts, for how long, why. */
export function RequestForm({
  glass = false,
  namesAreShown,
  longestMinutes,
  close,
}: {
  glass?: boolean;
  namesAreShown: boolean;
  longestMinutes: number;
  close: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { assets, nodes } = glass ? SOURCES.glass : SOURCES.ask;
  const groups: readonly FieldGroup[] = [
    {
      title: t("requests.form.what"),
      text: namesAreShown ? t("requests.form.whatText") : t("requests.form.whatExactText"),
      fields: [
        { name: "assetIds", label: t("terms.assets"), source: assets },
        { name: "nodeIds", label: t("terms.nodes"), source: nodes },
        { name: "accounts", label: t("terms.accounts"), help: t("requests.form.accountsHelp"), mono: true },
        {
          name: "actions",
          label: t("access.rules.actions"),
          required: true,
          choiceLabel: (action) => t(`access.actions.${action as "connect"}`),
        },
      ],
    },
    {
      title: t("requests.form.how"),
      fields: [
        {
          name: "minutes",
          label: t("requests.minutes"),
          help: t("requests.form.atMost", { span: spanWords(longestMinutes, t) }),
        },
        ...(glass ? [] : [{ name: "startsAt", label: t("access.rules.from"), help: t("requests.form.startsHelp") }]),
        { name: "reason", label: t("requests.reason") },
      ],
    },
  ];
  const done = ({ id }: { id: string }) => void navigate(`/requests/${id}`);
  const shared = { groups, done, close, initial: { minutes: Math.min(60, longestMinutes), actions: ["connect"] } };
  return glass ? (
    <FormDrawer
      {...shared}
      title={t("requests.breakGlass")}
      verb={t("requests.breakGlass")}
      endpoint={breakGlass}
      consequence={() => t("requests.form.glassConsequence")}
    />
  ) : (
    <FormDrawer
      {...shared}
      title={t("requests.create")}
      verb={t("requests.send")}
      endpoint={requestAccess}
      consequence={() => t("requests.form.consequence")}
    />
  );
}
