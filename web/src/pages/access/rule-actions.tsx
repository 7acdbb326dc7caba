import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteGrant, type Grant, updateGrant } from "../../../../src/assets/schema.ts";
import { call } from "../../api.ts";
import { type BulkAction, ConfirmEnd, type PageAction } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { setActive, useSetActive } from "../set-active.ts";
import { RuleForm, type RuleStart } from "./rule-form.tsx";

type Asking = RuleStart | { readonly what: "off" | "delete"; readonly rule: Grant };

/** What one can do with a rule, and the questions and forms that it opens. */
export function useRuleActions({ gone, made }: { gone?: () => void; made?: (rule: Grant) => void } = {}): {
  readonly actionsOf: (rule: Grant) => readonly PageAction[];
  readonly ask: (asking: Asking) => void;
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const [mayMake, mayChange, mayDelete] = [useMay("grant.create"), useMay("grant.update"), useMay("grant.delete")];
  const change = useSetActive(updateGrant);
  const remove = useAction(deleteGrant);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => {
    setAsking(null);
    change.reset();
  };
  const actionsOf = (rule: Grant): PageAction[] => {
    const ask = (what: "edit" | "copy" | "off" | "delete") => () => setAsking({ what, rule });
    const on = () => change.mutate({ id: rule.id, version: rule.version, active: true });
    return [
      ...(mayChange ? [{ key: "edit", label: t("access.rules.edit"), run: ask("edit") }] : []),
      ...(mayChange
        ? [
            rule.active
              ? { key: "off", label: t("access.rules.switchOff"), run: ask("off") }
              : { key: "on", label: t("access.rules.switchOn"), run: on },
          ]
        : []),
      ...(mayMake ? [{ key: "copy", label: t("access.rules.copy"), run: ask("copy") }] : []),
      ...(mayDelete ? [{ key: "delete", label: t("access.rules.delete"), danger: true, run: ask("delete") }] : []),
    ];
  };
  const dialogs = (
    <>
      <ActionFailed error={asking ? null : change.error} close={change.reset} />
      {(asking?.what === "new" || asking?.what === "edit" || asking?.what === "copy") && (
        <RuleForm start={asking} close={close} {...(made && asking.what !== "edit" && { done: made })} />
      )}
      {asking?.what === "off" && (
        <ConfirmEnd
          title={t("access.rules.switchOffTitle", { name: asking.rule.name })}
          text={t("access.rules.switchOffText")}
          names={[asking.rule.name]}
          verb={t("access.rules.switchOff")}
          close={close}
          run={() => change.mutateAsync({ id: asking.rule.id, version: asking.rule.version, active: false })}
        />
      )}
      {asking?.what === "delete" && (
        <ConfirmEnd
          title={t("access.rules.deleteTitle", { name: asking.rule.name })}
          text={t("access.rules.deleteText")}
          names={[asking.rule.name]}
          verb={t("access.rules.delete")}
          close={close}
          run={async () => {
            await remove.mutateAsync({ id: asking.rule.id });
            gone?.();
          }}
        />
      )}
    </>
  );
  return { actionsOf, ask: setAsking, dialogs };
}

/** What one can do with the selected rules. */
export function useRuleBulk(): readonly BulkAction<Grant>[] {
  const { t } = useTranslation();
  const [mayChange, mayDelete] = [useMay("grant.update"), useMay("grant.delete")];
  const set = (active: boolean) => (rule: Grant) =>
    rule.active === active ? Promise.resolve() : setActive(updateGrant, { id: rule.id, version: rule.version, active });
  return [
    ...(mayChange
      ? [
          { key: "on", label: t("access.rules.switchOn"), run: set(true) },
          {
            key: "off",
            label: t("access.rules.switchOff"),
            confirm: (rules: readonly Grant[]) => ({
              title: t("access.rules.switchOffMany", { count: rules.length }),
              text: t("access.rules.endText"),
            }),
            run: set(false),
          },
        ]
      : []),
    ...(mayDelete
      ? [
          {
            key: "delete",
            label: t("access.rules.delete"),
            danger: true,
            confirm: (rules: readonly Grant[]) => ({
              title: t("access.rules.deleteMany", { count: rules.length }),
              text: t("access.rules.endText"),
            }),
            run: ({ id }: Grant) => call(deleteGrant, { id }),
          },
        ]
      : []),
  ];
}
