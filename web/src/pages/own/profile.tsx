import { Button, Select } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, readMyProfile, updateMyProfile } from "../../../../src/iam/schema.ts";
import { ErrorPanel, Facts, FormDrawer, Loading, Mono, Problem, Time } from "../../kit/index.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { Section } from "./section.tsx";

/** Who one is here. Name and mail are an administrator's to change: events and mailed links go by them. */
export function ProfileFacts({ me }: { me: Me }) {
  const { t } = useTranslation();
  const profile = useEndpoint(readMyProfile, {});
  const [phone, setPhone] = useState(false);
  if (profile.isPending) return <Loading lines={4} />;
  if (profile.isError) return <ErrorPanel error={profile.error} retry={() => void profile.refetch()} />;
  const { data } = profile;
  return (
    <Section id="profile" title={t("own.profile.title")} text={t("own.profile.text")}>
      <Facts
        items={[
          [
            t("own.loginName"),
            <Mono key="l" copy>
              {data.loginName}
            </Mono>,
          ],
          [t("terms.name"), data.name],
          [t("own.profile.email"), data.email ?? <span className="muted">{t("own.profile.noEmail")}</span>],
          [
            t("own.profile.phone"),
            <span key="p">
              {data.phone ?? <span className="muted">{t("kit.none")}</span>}{" "}
              <Button type="link" size="small" onClick={() => setPhone(true)}>
                {t("own.profile.change")}
              </Button>
            </span>,
          ],
          [t("own.profile.timeZone"), <TimeZone key="z" zone={data.timeZone} />],
          [t("own.organization"), me.organization.name],
          [
            t("terms.permission"),
            <span key="m" className="muted" title={me.permissions.join("\n")}>
              {t("own.permissions", { count: me.permissions.length })}
            </span>,
          ],
          [t("own.profile.lastSignIn"), <Time key="s" at={data.lastSignInAt} />],
        ]}
      />
      {phone && (
        <FormDrawer
          title={t("own.profile.phone")}
          endpoint={updateMyProfile}
          initial={{ phone: data.phone ?? "" }}
          groups={[{ fields: [{ name: "phone", label: t("own.profile.phone"), help: t("own.profile.phoneHelp") }] }]}
          shape={(values) => ({ phone: values.phone === "" ? null : values.phone })}
          done={() => undefined}
          close={() => setPhone(false)}
        />
      )}
    </Section>
  );
}

const DEVICE = "";

function TimeZone({ zone }: { zone: string | null }) {
  const { t } = useTranslation();
  const change = useAction(updateMyProfile);
  const options = useMemo(() => {
    const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = Intl.supportedValuesOf("timeZone").map((value) => ({ value, label: value.replaceAll("_", " ") }));
    return [{ value: DEVICE, label: t("own.profile.device", { zone: device }) }, ...zones];
  }, [t]);
  return (
    <div className="stack-tight">
      <Select
        aria-label={t("own.profile.timeZone")}
        style={{ maxWidth: 320, width: "100%" }}
        showSearch={{ optionFilterProp: "label" }}
        value={change.isPending ? (change.variables.timeZone ?? DEVICE) : (zone ?? DEVICE)}
        options={options}
        onChange={(value: string) => change.mutate({ timeZone: value === DEVICE ? null : value })}
      />
      <Problem error={change.error} />
    </div>
  );
}
