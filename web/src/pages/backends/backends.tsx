import { ArrowDownOutlined, ArrowUpOutlined, DownOutlined } from "@ant-design/icons";
import { Button, Dropdown, Modal } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import {
  listSignInBackendKinds,
  listSignInBackends,
  orderSignInBackends,
  type SignInBackend,
  type SignInBackendKind,
} from "../../../../src/iam/schema.ts";
import { type Column, ListPage, Problem, StateTag } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndpoint } from "../../query.ts";
import { termText } from "../../texts/problems.ts";
import { CreateBackend } from "./backend-form.tsx";
import "../admin.css";
import "./backends.css";

/** The ways to sign in beside the local password. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const may = { create: useMay("sign-in-backend.create"), order: useMay("sign-in-backend.reorder") };
  const kinds = useEndpoint(listSignInBackendKinds, {}).data?.items ?? [];
  const backends = useEndpoint(listSignInBackends, { limit: 100 }).data?.items ?? [];
  const [adding, setAdding] = useState<SignInBackendKind | null>(null);
  const [ordering, setOrdering] = useState(false);
  const add = may.create && kinds.length > 0 && (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: kinds.map((kind) => ({ key: kind.kind, label: termText(kind.title), onClick: () => setAdding(kind) })),
      }}
    >
      <Button type="primary" icon={<DownOutlined />} iconPlacement="end">
        {t("backends.add")}
      </Button>
    </Dropdown>
  );
  return (
    <>
      <ListPage
        title={t("backends.title")}
        endpoint={listSignInBackends}
        columns={columns(t, kinds)}
        href={({ id }) => `/console/sign-in/${id}`}
        actions={
          <>
            {may.order && backends.length > 1 && (
              <Button onClick={() => setOrdering(true)}>{t("backends.order")}</Button>
            )}
            {add}
          </>
        }
        empty={{ title: t("backends.emptyTitle"), text: t("backends.emptyText"), action: add }}
      />
      {adding && (
        <CreateBackend
          kind={adding}
          close={() => setAdding(null)}
          done={({ id }) => void navigate(`/console/sign-in/${id}`)}
        />
      )}
      {ordering && <Order backends={backends} close={() => setOrdering(false)} />}
    </>
  );
}

/** Whether people can sign in with it, in words. */
export function BackendState({ backend }: { backend: SignInBackend }) {
  const { t } = useTranslation();
  if (backend.problem) return <StateTag tone="bad">{t("backends.state.problem")}</StateTag>;
  return (
    <StateTag tone={backend.active ? "good" : "off"}>
      {backend.active ? t("backends.state.active") : t("backends.state.off")}
    </StateTag>
  );
}

const columns = (t: TFunction, kinds: readonly SignInBackendKind[]): readonly Column<SignInBackend>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(150px, 2fr)",
    always: true,
    render: ({ name }) => <span className="strong">{name}</span>,
  },
  {
    key: "kind",
    title: t("backends.kind"),
    width: "minmax(110px, 1fr)",
    wide: true,
    render: ({ kind }) => termText(kinds.find((one) => one.kind === kind)?.title ?? kind),
  },
  { key: "state", title: t("terms.state"), width: "120px", render: (backend) => <BackendState backend={backend} /> },
  {
    key: "identities",
    title: t("backends.identities"),
    width: "110px",
    align: "right",
    render: ({ identities }) => identities,
  },
  {
    key: "mappings",
    title: t("backends.mappings"),
    width: "100px",
    align: "right",
    wide: true,
    render: ({ mappings }) => mappings,
  },
];

function Order({ backends, close }: { backends: readonly SignInBackend[]; close: () => void }) {
  const { t } = useTranslation();
  const [rows, setRows] = useState(backends);
  const action = useAction(orderSignInBackends);
  const move = (at: number, by: number) => {
    const next = [...rows];
    const [row] = next.splice(at, 1);
    next.splice(at + by, 0, row!);
    setRows(next);
  };
  const save = () => action.mutate({ ids: rows.map(({ id }) => id) }, { onSuccess: close });
  return (
    <Modal
      open
      title={t("backends.order")}
      okText={t("kit.save")}
      cancelText={t("kit.cancel")}
      confirmLoading={action.isPending}
      onOk={save}
      onCancel={close}
      width={440}
    >
      <div className="stack">
        <p className="muted">{t("backends.orderText")}</p>
        <ol className="backend-order">
          {rows.map(({ id, name }, at) => (
            <li key={id}>
              <span>{name}</span>
              <Button
                type="text"
                icon={<ArrowUpOutlined />}
                aria-label={t("backends.up", { name })}
                disabled={at === 0}
                onClick={() => move(at, -1)}
              />
              <Button
                type="text"
                icon={<ArrowDownOutlined />}
                aria-label={t("backends.down", { name })}
                disabled={at === rows.length - 1}
                onClick={() => move(at, 1)}
              />
            </li>
          ))}
        </ol>
        <Problem error={action.error} />
      </div>
    </Modal>
  );
}
