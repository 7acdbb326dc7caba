import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import {
  deleteSignInBackend,
  listSignInBackendKinds,
  readSignInBackend,
  type SignInBackend,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, DetailPage, ErrorPanel, Facts, Loading, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { termText } from "../../texts/problems.ts";
import { BackendCheck } from "./backend-check.tsx";
import { BackendSettings } from "./backend-form.tsx";
import { BackendSync } from "./backend-sync.tsx";
import { BackendState } from "./backends.tsx";
import { Mappings } from "./mappings.tsx";
import "../admin.css";
import "../settings/settings.css";
import "./backends.css";

/** One sign-in backend: settings, test, mappings, sync. */
export function Page() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const read = useEndpoint(readSignInBackend, { id });
  const kinds = useEndpoint(listSignInBackendKinds, {});
  const may = {
    check: useMay("sign-in-backend.check"),
    map: useMay("sign-in-backend.mapping.list"),
    sync: useMay("sign-in-backend.sync"),
    remove: useMay("sign-in-backend.delete"),
  };
  const [deleting, setDeleting] = useState<SignInBackend | null>(null);
  const backend = read.data;
  if (read.isError && backend?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!backend || backend.id !== id || !kinds.data) return <Loading lines={10} />;
  const kind = kinds.data.items.find((one) => one.kind === backend.kind);
  const tab = (key: string, label: string, children: React.ReactNode) => [
    { key, label, children: <div className="backend-tab">{children}</div> },
  ];
  return (
    <>
      <DetailPage
        title={backend.name}
        parent={{ label: t("backends.title"), href: "/console/sign-in" }}
        state={<BackendState backend={backend} />}
        subtitle={backend.problem ?? termText(kind?.title ?? backend.kind)}
        actions={
          may.remove
            ? [{ key: "delete", label: t("backends.delete"), danger: true, run: () => setDeleting(backend) }]
            : []
        }
        activityOf={id}
        tabs={[
          ...(kind ? tab("settings", t("backends.settings"), <BackendSettings kind={kind} backend={backend} />) : []),
          ...(may.check ? tab("test", t("backends.check.tab"), <BackendCheck backend={backend} />) : []),
          ...(may.map ? tab("mappings", t("backends.mappings"), <Mappings backend={backend} />) : []),
          ...(may.sync && backend.syncs ? tab("sync", t("backends.sync.tab"), <BackendSync backend={backend} />) : []),
        ]}
        rail={
          <Facts
            items={[
              [t("backends.identities"), backend.identities],
              [t("backends.mappings"), backend.mappings],
              [t("backends.organization"), backend.organization?.name],
              [t("backends.lastSync"), backend.syncedAt && <Time key="s" at={backend.syncedAt} />],
              [t("terms.created"), <Time key="c" at={backend.createdAt} />],
            ]}
          />
        }
      />
      {deleting && <Delete backend={deleting} close={() => setDeleting(null)} />}
    </>
  );
}

function Delete({ backend, close }: { backend: SignInBackend; close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const remove = useAction(deleteSignInBackend);
  const { id, name, identities } = backend;
  return (
    <ConfirmEnd
      title={t("backends.deleteTitle", { name })}
      text={identities > 0 ? t("backends.deleteText", { count: identities }) : undefined}
      names={[name]}
      verb={t("backends.delete")}
      close={close}
      run={async () => {
        await remove.mutateAsync({ id, withIdentities: identities > 0 });
        void navigate("/console/sign-in", { replace: true });
      }}
    />
  );
}
