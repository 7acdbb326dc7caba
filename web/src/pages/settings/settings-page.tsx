import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { SettingsGroupInfo } from "../../../../src/platform/schema.ts";
import { Empty, ErrorPanel, Loading, useNarrow, useTitle } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import type { SettingsEndpoints } from "./endpoints.ts";
import { MailCheck } from "./mail-check.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { useWords } from "./words.ts";
import "../admin.css";
import "./settings.css";

interface Props {
  readonly title: string;
  readonly text: string;
  readonly home: string;
  readonly endpoints: SettingsEndpoints;
}

/** What stands below a group's form. */
const BELOW: Readonly<Record<string, () => React.ReactNode>> = { mail: () => <MailCheck /> };

/** The groups at the left, the form of the chosen one beside them; one after the other on a narrow screen. */
export function SettingsPage({ title, text, home, endpoints }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const narrow = useNarrow();
  const { key } = useParams();
  const { data, error, isError, refetch } = useEndpoint(endpoints.list, {});
  const groups = data?.items ?? [];
  const chosen = groups.find((group) => group.key === key) ?? (narrow || key ? undefined : groups[0]);
  useTitle(chosen ? words.title(chosen) : title);
  if (isError && !data) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={8} />;
  const list = !(narrow && chosen);
  return (
    <div className="settings">
      {list && (
        <nav className="settings-groups" aria-label={title}>
          <h1>{title}</h1>
          <p className="muted">{text}</p>
          <ul>
            {groups.map((group) => (
              <li key={group.key}>
                <Link to={`${home}/${group.key}`} aria-current={group.key === chosen?.key ? "page" : undefined}>
                  {words.title(group)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      )}
      {chosen ? (
        <div className="settings-body">
          {narrow && (
            <Link to={home} className="crumb">
              ‹ {title}
            </Link>
          )}
          <Group key={chosen.key} group={chosen} endpoints={endpoints} />
        </div>
      ) : (
        (key !== undefined || groups.length === 0) && <Empty title={t("settings.none")} text={t("settings.noneText")} />
      )}
    </div>
  );
}

function Group({ group, endpoints }: { group: SettingsGroupInfo; endpoints: SettingsEndpoints }) {
  const { data, error, isError, refetch } = useEndpoint(endpoints.read, { key: group.key });
  if (isError && !data) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (data?.key !== group.key) return <Loading lines={8} />;
  return (
    <>
      <SettingsForm group={group} read={data} update={endpoints.update} />
      {BELOW[group.key]?.()}
    </>
  );
}
