import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { makeSshAuthority, readSshAuthority } from "../../../../src/iam/schema.ts";
import { ErrorPanel, Facts, Loading, Mono, Problem, Time, useTitle } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";

/** The organization's authority for SSH certificates. */
export function Page() {
  const { t } = useTranslation();
  const read = useEndpoint(readSshAuthority, {});
  const make = useAction(makeSshAuthority);
  const may = useMay(makeSshAuthority.name);
  useTitle(t("tokens.authority.title"));
  if (read.isError) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!read.data) return <Loading lines={4} />;
  const { authority } = read.data;
  return (
    <div className="own">
      <h1>{t("tokens.authority.title")}</h1>
      <section>
        <p className="muted">{t("tokens.authority.text")}</p>
        {authority ? (
          <Facts
            items={[
              [
                t("tokens.authority.line"),
                <Mono key="l" copy>
                  {authority.publicKey}
                </Mono>,
              ],
              [
                t("terms.fingerprint"),
                <Mono key="f" copy>
                  {authority.fingerprint}
                </Mono>,
              ],
              [t("terms.created"), <Time key="c" at={authority.createdAt} />],
            ]}
          />
        ) : (
          <>
            <p>{t("tokens.authority.none")}</p>
            {make.error && <Problem error={make.error} />}
            {may && (
              <Button loading={make.isPending} onClick={() => make.mutate({})}>
                {t("tokens.authority.make")}
              </Button>
            )}
          </>
        )}
      </section>
    </div>
  );
}
