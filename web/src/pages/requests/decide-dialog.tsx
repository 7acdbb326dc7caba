import { Button, Checkbox, Input, InputNumber, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AccessBody } from "../../../../src/assets/schema.ts";
import { approveTicket, rejectTicket, type Ticket } from "../../../../src/platform/schema.ts";
import { Problem } from "../../kit/index.ts";
import { useAction } from "../../query.ts";
import { accessOf, allOf, type Given, isSomething, narrowedBody } from "./body.ts";
import { spanWords } from "./ticket-facts.tsx";

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What is asked for of one sort, each to be left out. */
function Kept(props: {
  label: string;
  choices: readonly Choice[];
  value: readonly string[];
  change: (value: string[]) => void;
}) {
  const { label, choices, value, change } = props;
  if (choices.length === 0) return null;
  return (
    <fieldset className="stack-tight plain-fieldset">
      <legend className="muted">{label}</legend>
      <Checkbox.Group value={[...value]} options={[...choices]} onChange={(next) => change(next.map(String))} />
    </fieldset>
  );
}

function Narrowing({ asked, given, change }: { asked: AccessBody; given: Given; change: (given: Given) => void }) {
  const { t } = useTranslation();
  const named = (rows: AccessBody["assets"]): Choice[] => rows.map(({ id, name }) => ({ value: id, label: name }));
  const words = (values: readonly string[]): Choice[] => values.map((value) => ({ value, label: value }));
  const actions = asked.actions.map((value) => ({ value, label: t(`access.actions.${value}`) }));
  return (
    <>
      <p className="muted">{t("requests.narrowText")}</p>
      <Kept
        label={t("terms.nodes")}
        choices={named(asked.nodes)}
        value={given.nodeIds}
        change={(nodeIds) => change({ ...given, nodeIds })}
      />
      <Kept
        label={t("terms.assets")}
        choices={named(asked.assets)}
        value={given.assetIds}
        change={(assetIds) => change({ ...given, assetIds })}
      />
      <Kept
        label={t("terms.accounts")}
        choices={words(asked.accounts)}
        value={given.accounts}
        change={(accounts) => change({ ...given, accounts })}
      />
      <Kept
        label={t("access.rules.actions")}
        choices={actions}
        value={given.actions}
        change={(chosen) => change({ ...given, actions: chosen })}
      />
      <label className="stack-tight">
        <span className="muted">{t("requests.minutes")}</span>
        <span className="row">
          <InputNumber
            min={5}
            max={asked.minutes}
            value={given.minutes}
            onChange={(minutes) => change({ ...given, minutes: minutes ?? asked.minutes })}
          />
          <span className="muted">{spanWords(given.minutes, t)}</span>
        </span>
      </label>
    </>
  );
}

/** Approves, with less than was asked for where the reviewer takes something away, or rejects; a comment goes along. */
export function DecideDialog({
  ticket,
  approve,
  close,
}: {
  ticket: Ticket;
  approve: boolean;
  close: () => void;
}): ReactNode {
  const { t } = useTranslation();
  const asked = approve && ticket.kind === "access" ? accessOf(ticket.kind, ticket.body) : null;
  const [given, setGiven] = useState<Given | null>(() => asked && allOf(asked));
  const [comment, setComment] = useState("");
  const [approving, rejecting] = [useAction(approveTicket), useAction(rejectTicket)];
  const busy = approving.isPending || rejecting.isPending;
  const body = asked && given ? narrowedBody(asked, given) : undefined;
  const verb = approve ? (body ? t("requests.approveLess") : t("requests.approve")) : t("requests.reject");
  async function go(): Promise<void> {
    const { id } = ticket;
    const done = approve
      ? approving.mutateAsync({ id, comment, ...(body && { body: { ...body } }) })
      : rejecting.mutateAsync({ id, comment });
    await done.then(close, () => undefined);
  }
  return (
    <Modal
      open
      width={520}
      title={t(approve ? "requests.approveTitle" : "requests.rejectTitle", { title: ticket.title })}
      onCancel={close}
      mask={{ closable: !busy }}
      footer={
        <>
          <Button onClick={close}>{t("kit.cancel")}</Button>
          <Button
            type="primary"
            danger={!approve}
            loading={busy}
            disabled={given !== null && !isSomething(given)}
            onClick={() => void go()}
          >
            {verb}
          </Button>
        </>
      }
    >
      <div className="stack">
        {asked && given && <Narrowing asked={asked} given={given} change={setGiven} />}
        <label className="stack-tight">
          <span className="muted">{t("requests.comment")}</span>
          <Input.TextArea
            value={comment}
            maxLength={2000}
            autoSize={{ minRows: 2, maxRows: 8 }}
            onChange={(event) => setComment(event.target.value)}
          />
        </label>
        <Problem error={approving.error ?? rejecting.error} />
      </div>
    </Modal>
  );
}
