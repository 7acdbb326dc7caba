import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listAssetPeople, type ReachingAccount, type ReachingPerson } from "../../../../src/assets/schema.ts";
import { type Column, Facts, ListPage, Names, Time } from "../../kit/index.ts";
import { actionWords } from "./rule-summary.ts";

type Given = ReachingAccount["actions"][number];

const givenTo = ({ accounts }: ReachingPerson): readonly Given[] => accounts.flatMap(({ actions }) => actions);

const rulesOf = (given: readonly Given[]) => [
  ...new Map(given.flatMap(({ rules }) => rules).map((rule) => [rule.id, rule])).values(),
];

/** When the last of it ends; null: never. */
function lastEnd(given: readonly Given[]): string | null {
  const ends = given.map(({ until }) => until);
  return ends.some((until) => until === null) ? null : (ends.toSorted().at(-1) ?? null);
}

/** The people who may reach one asset, with what each may do there, by which rules and until when. */
export function PeopleTab({ assetId, name }: { assetId: string; name: string }) {
  const { t, i18n } = useTranslation();
  const words = { t, language: i18n.language };
  const end = (given: readonly Given[]) => {
    const until = lastEnd(given);
    return until ? <Time at={until} /> : <span className="faint">{t("access.rules.noEnd")}</span>;
  };
  const columns: readonly Column<ReachingPerson>[] = [
    {
      key: "name",
      title: t("terms.user"),
      width: "minmax(140px, 1.2fr)",
      always: true,
      render: (person) => (
        <span>
          <span className="strong">{person.name}</span> <span className="mono faint">{person.loginName}</span>
        </span>
      ),
    },
    {
      key: "accounts",
      title: t("terms.accounts"),
      width: "minmax(120px, 1fr)",
      render: ({ accounts }) => <Names items={accounts} />,
    },
    {
      key: "actions",
      title: t("access.rules.actions"),
      width: "minmax(140px, 1.2fr)",
      wide: true,
      render: (person) => actionWords([...new Set(givenTo(person).map(({ action }) => action))], words),
    },
    {
      key: "rules",
      title: t("access.rules.title"),
      width: "minmax(140px, 1.2fr)",
      wide: true,
      render: (person) => <Names items={rulesOf(givenTo(person))} />,
    },
    {
      key: "until",
      title: t("access.rules.until"),
      width: "110px",
      wide: true,
      render: (person) => end(givenTo(person)),
    },
  ];
  return (
    <ListPage
      inside="people"
      title={t("access.people.title")}
      endpoint={listAssetPeople}
      input={{ id: assetId }}
      columns={columns}
      href={({ id }) => `/console/users/${id}`}
      panel={(person) => (
        <div className="stack">
          {person.accounts.map((account) => (
            <section key={account.id} className="stack-tight">
              <h3 className="mono">{account.name}</h3>
              <Facts
                items={account.actions.map((given) => [
                  t(`access.actions.${given.action}`),
                  <span key={given.action} className="link-list">
                    {given.rules.map((rule) => (
                      <Link key={rule.id} to={`/console/rules/${rule.id}`}>
                        {rule.name}
                      </Link>
                    ))}
                    {end([given])}
                  </span>,
                ])}
              />
            </section>
          ))}
          <Link to={`/console/why?userId=${person.id}&assetId=${assetId}`}>{t("access.people.why")}</Link>
        </div>
      )}
      empty={{ title: t("access.people.emptyTitle", { name }), text: t("access.people.emptyText") }}
    />
  );
}
