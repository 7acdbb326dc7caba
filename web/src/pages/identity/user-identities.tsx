import { Button } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type AwaitedIdentity,
  awaitUserIdentity,
  forgetAwaitedIdentity,
  type Identity,
  linkUserIdentity,
  listAwaitedIdentities,
  listSignInWays,
  listUserIdentities,
  unlinkUserIdentity,
  type User,
} from "../../../../src/iam/schema.ts";
import { type Column, ConfirmEnd, type FieldGroup, FormDrawer, ListPage, Mono, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndless, useEndpoint } from "../../query.ts";

/** Who a user is at the backends, and who will be linked at the next sign-in; a tab of the user's page. */
export function UserIdentities({ user }: { user: User }) {
  const { t } = useTranslation();
  const [form, setForm] = useState<"link" | "await" | null>(null);
  const [removing, setRemoving] = useState<Identity | null>(null);
  const may = {
    link: useMay("user.identity.link"),
    await: useMay("user.identity.await"),
    unlink: useMay("user.identity.unlink"),
  };
  const ways = useEndpoint(listSignInWays, {});
  const unlink = useAction(unlinkUserIdentity);
  const names = new Map((ways.data?.ways ?? []).map(({ id, name }) => [id, name]));
  const actions = (
    <>
      {may.await && <Button onClick={() => setForm("await")}>{t("identity.identities.await")}</Button>}
      {may.link && <Button onClick={() => setForm("link")}>{t("identity.identities.link")}</Button>}
    </>
  );
  const backend = {
    name: "backendId",
    label: t("identity.identities.backend"),
    kind: "choice" as const,
    choices: [...names.keys()],
    choiceLabel: (id: string) => names.get(id) ?? id,
  };
  const groups: Record<"link" | "await", readonly FieldGroup[]> = {
    link: [
      {
        text: t("identity.identities.linkText"),
        fields: [
          backend,
          {
            name: "issuer",
            label: t("identity.identities.issuer"),
            help: t("identity.identities.issuerHelp"),
            mono: true,
          },
          {
            name: "subject",
            label: t("identity.identities.subject"),
            help: t("identity.identities.subjectHelp"),
            mono: true,
          },
        ],
      },
    ],
    await: [
      {
        text: t("identity.identities.awaitText"),
        fields: [
          backend,
          {
            name: "outsideName",
            label: t("identity.identities.outsideName"),
            help: t("identity.identities.outsideNameHelp"),
          },
          { name: "days", label: t("identity.identities.days") },
        ],
      },
    ],
  };
  return (
    <>
      <Awaited user={user} />
      <ListPage
        inside="identities"
        title={t("identity.identities.title")}
        endpoint={listUserIdentities}
        input={{ id: user.id }}
        columns={columnsOf(t, may.unlink ? setRemoving : null)}
        actions={actions}
        empty={{
          title: t("identity.identities.emptyTitle"),
          text: t("identity.identities.emptyText"),
          action: actions,
        }}
      />
      {form === "link" && (
        <FormDrawer
          title={t("identity.identities.link")}
          verb={t("identity.identities.link")}
          endpoint={linkUserIdentity}
          fixed={{ id: user.id }}
          groups={groups.link}
          done={() => undefined}
          close={() => setForm(null)}
        />
      )}
      {form === "await" && (
        <FormDrawer
          title={t("identity.identities.await")}
          verb={t("identity.identities.await")}
          endpoint={awaitUserIdentity}
          fixed={{ id: user.id }}
          groups={groups.await}
          done={() => undefined}
          close={() => setForm(null)}
        />
      )}
      {removing && (
        <ConfirmEnd
          title={t("identity.identities.unlinkTitle", { name: removing.backend.name })}
          text={t("identity.identities.unlinkText")}
          names={[removing.shownName || removing.subject]}
          verb={t("identity.identities.unlink")}
          close={() => setRemoving(null)}
          run={() => unlink.mutateAsync({ id: user.id, identityId: removing.id })}
        />
      )}
    </>
  );
}

function columnsOf(t: TFunction, remove: ((identity: Identity) => void) | null): readonly Column<Identity>[] {
  return [
    {
      key: "backend",
      title: t("identity.identities.backend"),
      width: "minmax(120px, 1fr)",
      always: true,
      render: ({ backend, shownName }) => (
        <>
          {backend.name} <span className="muted">{shownName}</span>
        </>
      ),
    },
    {
      key: "subject",
      title: t("identity.identities.subject"),
      width: "minmax(160px, 1fr)",
      wide: true,
      render: ({ subject }) => <Mono copy>{subject}</Mono>,
    },
    {
      key: "issuer",
      title: t("identity.identities.issuer"),
      width: "minmax(160px, 1fr)",
      wide: true,
      render: ({ issuer }) => <span className="mono muted">{issuer}</span>,
    },
    { key: "used", title: t("identity.keys.lastUsed"), width: "110px", render: ({ usedAt }) => <Time at={usedAt} /> },
    ...(remove
      ? [
          {
            key: "remove",
            title: "",
            width: "90px",
            align: "right" as const,
            render: (identity: Identity) => (
              <Button size="small" type="text" danger onClick={() => remove(identity)}>
                {t("identity.identities.unlink")}
              </Button>
            ),
          },
        ]
      : []),
  ];
}

/** Who is linked at the next sign-in; nothing where nobody is awaited. */
function Awaited({ user }: { user: User }) {
  const { t } = useTranslation();
  const awaited = useEndless(listAwaitedIdentities, { id: user.id });
  const forget = useAction(forgetAwaitedIdentity);
  const mayForget = useMay("user.identity.forget");
  if (awaited.rows.length === 0) return null;
  return (
    <ul className="plain-list">
      {awaited.rows.map((one: AwaitedIdentity) => (
        <li key={one.id}>
          <div className="grow">
            {t("identity.identities.awaited", { name: one.outsideName, backend: one.backend.name })}
          </div>
          <span className="muted">
            {t("identity.identities.until")} <Time at={one.expiresAt} />
          </span>
          {mayForget && (
            <Button
              size="small"
              type="text"
              danger
              loading={forget.isPending}
              onClick={() => forget.mutate({ id: user.id, identityId: one.id })}
            >
              {t("identity.identities.forget")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
