import { useTranslation } from "react-i18next";
import { bytes, Facts, ListPage, Mono, StateTag, Time } from "../../kit/index.ts";
import { type KitRow, listKitRows, STATE_CHOICES, TEAM_CHOICES } from "./kit-data.ts";

/** A list of 10,000 rows with everything a list can do. */
export function KitList() {
  const { t, i18n } = useTranslation();
  const state = ({ state: tone }: KitRow) => <StateTag tone={tone}>{t(`kitPage.sample.${tone}`)}</StateTag>;
  return (
    <ListPage
      inside="kit"
      title={t("kitPage.sample.name")}
      endpoint={listKitRows}
      columns={[
        {
          key: "name",
          title: t("kitPage.sample.name"),
          width: "minmax(150px, 1fr)",
          always: true,
          render: ({ name }) => <span className="mono">{name}</span>,
        },
        { key: "team", title: t("kitPage.sample.team"), width: "120px", wide: true, render: ({ team }) => team },
        { key: "state", title: t("kitPage.sample.state"), width: "130px", render: state },
        { key: "at", title: t("terms.changed"), width: "130px", wide: true, render: ({ at }) => <Time at={at} /> },
        {
          key: "size",
          title: t("kitPage.sample.size"),
          width: "100px",
          wide: true,
          align: "right",
          render: ({ size }) => bytes(size, i18n.language),
        },
      ]}
      filters={[
        {
          name: "team",
          param: "team",
          label: t("kitPage.sample.team"),
          kind: "choice",
          choices: TEAM_CHOICES.map((value) => ({ value, label: value })),
        },
        {
          name: "state",
          param: "state",
          label: t("kitPage.sample.state"),
          kind: "choice",
          choices: STATE_CHOICES.map((value) => ({ value, label: t(`kitPage.sample.${value}`) })),
        },
      ]}
      panel={(row) => (
        <Facts
          items={[
            [t("kitPage.sample.name"), <Mono key="n">{row.name}</Mono>],
            [t("kitPage.sample.state"), state(row)],
            [t("kitPage.sample.team"), row.team],
          ]}
        />
      )}
      bulk={[
        {
          key: "check",
          label: t("kitPage.sample.check"),
          run: async ({ name }) => {
            await new Promise((resolve) => setTimeout(resolve, 150));
            if (name.endsWith("3.example")) throw new Error(t("kitPage.sample.reason"));
          },
        },
        {
          key: "remove",
          label: t("kit.form.remove"),
          danger: true,
          confirm: (rows) => ({ title: t("kitPage.sample.endTitle"), live: rows.length }),
          run: async () => undefined,
        },
      ]}
      empty={{ title: t("kitPage.sample.empty") }}
    />
  );
}
