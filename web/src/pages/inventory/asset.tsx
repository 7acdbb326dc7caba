import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { readAsset } from "../../../../src/assets/schema.ts";
import { DetailPage, ErrorPanel, Loading, StateTag } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { PeopleTab } from "../access/people-tab.tsx";
import { RulesTab } from "../access/rules-tab.tsx";
import { SessionsTab } from "../sessions-tab.tsx";
import { AccountList } from "./account-list.tsx";
import { useAssetActions } from "./asset-actions.tsx";
import { AssetFacts, AssetState } from "./asset-list.tsx";
import { keyPairs } from "./host-key-pairs.ts";
import { HostKeys } from "./host-keys.tsx";
import "../admin.css";

/** One asset: host keys, accounts, who may reach it, sessions, activity. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = "" } = useParams();
  const read = useEndpoint(readAsset, { id });
  const { actionsOf, dialogs } = useAssetActions(() => void navigate("/console/assets", { replace: true }));
  const may = {
    accounts: useMay("account.list"),
    people: useMay("grant.person.list"),
    rules: useMay("grant.list"),
    sessions: useMay("session.list"),
  };
  const asset = read.data;
  if (read.isError && asset?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!asset || asset.id !== id) return <Loading lines={10} />;
  const waiting = keyPairs(asset).some(({ differs }) => differs);
  return (
    <>
      <DetailPage
        title={asset.name}
        parent={{ label: t("inventory.assets.title"), href: "/console/assets" }}
        state={
          <>
            <AssetState asset={asset} t={t} />
            {waiting && <StateTag tone="bad">{t("inventory.assets.keyWaiting")}</StateTag>}
          </>
        }
        subtitle={<span className="mono">{asset.host}</span>}
        actions={actionsOf(asset)}
        activityOf={id}
        tabs={[
          { key: "overview", label: t("inventory.assets.overview"), children: <HostKeys asset={asset} /> },
          ...(may.accounts
            ? [{ key: "accounts", label: t("terms.accounts"), children: <AccountList asset={asset} /> }]
            : []),
          ...(may.people
            ? [
                {
                  key: "people",
                  label: t("inventory.assets.reach"),
                  children: <PeopleTab assetId={id} name={asset.name} />,
                },
              ]
            : []),
          ...(may.rules
            ? [
                {
                  key: "rules",
                  label: t("access.rules.title"),
                  children: <RulesTab side="assetId" id={id} name={asset.name} through={asset.nodes} />,
                },
              ]
            : []),
          ...(may.sessions
            ? [{ key: "sessions", label: t("terms.sessions"), children: <SessionsTab of={{ assetId: id }} /> }]
            : []),
        ]}
        rail={<AssetFacts asset={asset} t={t} />}
      />
      {dialogs}
    </>
  );
}
