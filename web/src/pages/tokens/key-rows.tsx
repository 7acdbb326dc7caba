import { PlusOutlined } from "@ant-design/icons";
import { Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type ApiKey,
  createMyApiKey,
  createServiceKey,
  deleteMyApiKey,
  deleteServiceKey,
  deleteUserApiKey,
  listApiScopes,
  listMyApiKeys,
  listServiceKeys,
  listUserApiKeys,
  type ServiceAccount,
  updateMyApiKey,
  updateServiceKey,
  type User,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, type Field, FormDrawer, Mono, source, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndless } from "../../query.ts";
import { RowsSection } from "./rows.tsx";

const scopes = source({
  list: listApiScopes,
  id: ({ name }) => name,
  name: ({ name }) => name,
  hint: ({ title }) => title,
});

/** The fields of a key's form; the same for one's own and for a service account's. */
function useKeyFields(of: "new" | ApiKey): readonly Field[] {
  const { t } = useTranslation();
  const shared: Field[] = [
    { name: "name", label: t("tokens.keys.name"), help: t("tokens.keys.nameHelp") },
    {
      name: "scopes",
      label: t("tokens.keys.scopes"),
      help: t("tokens.keys.scopesHelp"),
      kind: "ids",
      source: scopes,
      ...(of !== "new" && { named: of.scopes.map((name) => ({ id: name, name })) }),
    },
    { name: "addresses", label: t("tokens.keys.addresses"), help: t("tokens.keys.addressesHelp"), mono: true },
  ];
  return of === "new"
    ? [...shared, { name: "days", label: t("tokens.keys.days"), help: t("tokens.keys.daysHelp") }]
    : [...shared, { name: "active", label: t("tokens.keys.active") }];
}

/** Shows a new key, once. */
function NewKey({ secret, close }: { secret: string; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      open
      title={t("tokens.keys.madeTitle")}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={
        <Button type="primary" onClick={close}>
          {t("tokens.keys.madeDone")}
        </Button>
      }
    >
      <p>{t("tokens.keys.madeText")}</p>
      <p className="wrap-anywhere">
        <Mono copy>{secret}</Mono>
      </p>
      <p className="muted">{t("tokens.keys.madeHow")}</p>
      <p className="wrap-anywhere">
        <Mono>Authorization: Bearer sp_…</Mono>
      </p>
    </Modal>
  );
}

function KeyRow({ apiKey, edit, remove }: { apiKey: ApiKey; edit: (() => void) | null; remove: (() => void) | null }) {
  const { t } = useTranslation();
  const state = apiKey.expired ? "expired" : apiKey.active ? "good" : "off";
  return (
    <>
      <div className="grow">
        <strong>{apiKey.name}</strong>{" "}
        <StateTag tone={state === "good" ? "good" : "off"}>{t(`tokens.keys.${state}`)}</StateTag>
        <div className="muted">
          <span className="mono">{apiKey.prefix}</span> ·{" "}
          <span title={apiKey.scopes.join("\n")}>{t("tokens.keys.scopeCount", { count: apiKey.scopes.length })}</span>
          {apiKey.addresses.length > 0 && <span className="mono"> · {apiKey.addresses.join(", ")}</span>} ·{" "}
          {t("tokens.keys.expires")} <Time at={apiKey.expiresAt} />
        </div>
      </div>
      <span className="muted">
        {t("tokens.keys.lastUsed")} <Time at={apiKey.usedAt} />{" "}
        {apiKey.usedFrom && t("tokens.keys.from", { address: apiKey.usedFrom })}
      </span>
      {edit && (
        <Button size="small" type="text" onClick={edit}>
          {t("tokens.keys.editVerb")}
        </Button>
      )}
      {remove && (
        <Button size="small" danger type="text" onClick={remove}>
          {t("tokens.keys.remove")}
        </Button>
      )}
    </>
  );
}

type Asking = { what: "new" } | { what: "edit" | "remove"; key: ApiKey } | null;

function Remove({ of, close, run }: { of: ApiKey; close: () => void; run: () => Promise<unknown> }) {
  const { t } = useTranslation();
  return (
    <ConfirmEnd
      title={t("tokens.keys.removeTitle", { name: of.name })}
      text={t("tokens.keys.removeText")}
      names={[of.name]}
      verb={t("tokens.keys.remove")}
      close={close}
      run={run}
    />
  );
}

/** One's own API keys. */
export function MyKeys() {
  const { t } = useTranslation();
  const list = useEndless(listMyApiKeys, {});
  const remove = useAction(deleteMyApiKey);
  const [asking, setAsking] = useState<Asking>(null);
  const [made, setMade] = useState("");
  const close = () => setAsking(null);
  const fields = useKeyFields(asking?.what === "edit" ? asking.key : "new");
  return (
    <>
      <RowsSection
        title={t("tokens.keys.title")}
        text={t("tokens.keys.text")}
        actions={
          <Button icon={<PlusOutlined />} onClick={() => setAsking({ what: "new" })}>
            {t("tokens.keys.add")}
          </Button>
        }
        list={list}
        empty={{ title: t("tokens.keys.emptyTitle"), text: t("tokens.keys.emptyText") }}
        idOf={({ id }) => id}
        row={(key) => (
          <KeyRow
            apiKey={key}
            edit={() => setAsking({ what: "edit", key })}
            remove={() => setAsking({ what: "remove", key })}
          />
        )}
      />
      {asking?.what === "new" && (
        <FormDrawer
          title={t("tokens.keys.add")}
          verb={t("tokens.keys.add")}
          endpoint={createMyApiKey}
          groups={[{ fields }]}
          done={({ secret }) => setMade(secret)}
          close={close}
        />
      )}
      {asking?.what === "edit" && (
        <FormDrawer
          title={t("tokens.keys.edit")}
          endpoint={updateMyApiKey}
          before={asking.key}
          fixed={{ id: asking.key.id }}
          groups={[{ fields }]}
          done={() => undefined}
          close={close}
        />
      )}
      {asking?.what === "remove" && (
        <Remove of={asking.key} close={close} run={() => remove.mutateAsync({ id: asking.key.id })} />
      )}
      {made && <NewKey secret={made} close={() => setMade("")} />}
    </>
  );
}

/** A user's API keys, for administrators: seen and revoked, never made. */
export function UserApiKeys({ user }: { user: User }) {
  const { t } = useTranslation();
  const list = useEndless(listUserApiKeys, { id: user.id });
  const remove = useAction(deleteUserApiKey);
  const may = useMay(deleteUserApiKey.name);
  const [removing, setRemoving] = useState<ApiKey | null>(null);
  return (
    <>
      <RowsSection
        title={t("tokens.keys.title")}
        list={list}
        empty={{ title: t("tokens.keys.emptyTitle"), text: t("tokens.keys.emptyText") }}
        idOf={({ id }) => id}
        row={(key) => <KeyRow apiKey={key} edit={null} remove={may ? () => setRemoving(key) : null} />}
      />
      {removing && (
        <Remove
          of={removing}
          close={() => setRemoving(null)}
          run={() => remove.mutateAsync({ id: user.id, keyId: removing.id })}
        />
      )}
    </>
  );
}

/** The API keys of a service account. */
export function ServiceKeys({ service }: { service: ServiceAccount }) {
  const { t } = useTranslation();
  const list = useEndless(listServiceKeys, { id: service.id });
  const remove = useAction(deleteServiceKey);
  const may = {
    create: useMay(createServiceKey.name),
    update: useMay(updateServiceKey.name),
    remove: useMay(deleteServiceKey.name),
  };
  const [asking, setAsking] = useState<Asking>(null);
  const [made, setMade] = useState("");
  const close = () => setAsking(null);
  const fields = useKeyFields(asking?.what === "edit" ? asking.key : "new");
  return (
    <>
      <RowsSection
        title={t("tokens.keys.title")}
        text={t("tokens.services.keyText")}
        actions={
          may.create && (
            <Button icon={<PlusOutlined />} onClick={() => setAsking({ what: "new" })}>
              {t("tokens.keys.add")}
            </Button>
          )
        }
        list={list}
        empty={{ title: t("tokens.keys.emptyTitle"), text: t("tokens.keys.emptyText") }}
        idOf={({ id }) => id}
        row={(key) => (
          <KeyRow
            apiKey={key}
            edit={may.update ? () => setAsking({ what: "edit", key }) : null}
            remove={may.remove ? () => setAsking({ what: "remove", key }) : null}
          />
        )}
      />
      {asking?.what === "new" && (
        <FormDrawer
          title={t("tokens.keys.add")}
          verb={t("tokens.keys.add")}
          endpoint={createServiceKey}
          fixed={{ id: service.id }}
          groups={[{ fields }]}
          done={({ secret }) => setMade(secret)}
          close={close}
        />
      )}
      {asking?.what === "edit" && (
        <FormDrawer
          title={t("tokens.keys.edit")}
          endpoint={updateServiceKey}
          before={asking.key}
          fixed={{ id: service.id, keyId: asking.key.id }}
          groups={[{ fields }]}
          done={() => undefined}
          close={close}
        />
      )}
      {asking?.what === "remove" && (
        <Remove
          of={asking.key}
          close={close}
          run={() => remove.mutateAsync({ id: service.id, keyId: asking.key.id })}
        />
      )}
      {made && <NewKey secret={made} close={() => setMade("")} />}
    </>
  );
}
