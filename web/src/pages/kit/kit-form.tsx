import { Button } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type FieldGroup, FormDrawer, FormPage, source } from "../../kit/index.ts";
import { listKitRows, saveKitRow, type STATE_CHOICES } from "./kit-data.ts";

const hosts = source({ list: listKitRows, name: (row) => row.name, hint: (row) => row.team });
const before = {
  id: "1",
  version: 1,
  name: "db-primary",
  note: "",
  port: 22,
  active: true,
  state: "good",
  actions: ["connect"],
  tags: ["eu"],
  ownerIds: [],
  until: null,
};
const fixed = { id: "1", version: 1 };

/** A form with every kind of field, on the page and in a drawer. */
export function KitForms() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const groups = useMemo<readonly FieldGroup[]>(
    () => [
      {
        fields: [
          { name: "name", label: t("kitPage.sample.name"), help: t("kitPage.formText") },
          { name: "note", label: t("kitPage.sample.note") },
          { name: "password", label: t("kitPage.sample.password"), placeholder: t("kit.form.secretKept") },
        ],
      },
      {
        title: t("kitPage.sample.group"),
        text: t("kitPage.sample.groupText"),
        fields: [
          { name: "port", label: t("kitPage.sample.port") },
          { name: "active", label: t("kitPage.sample.active") },
          {
            name: "state",
            label: t("kitPage.sample.state"),
            choiceLabel: (value) => t(`kitPage.sample.${value as (typeof STATE_CHOICES)[number]}`),
          },
          { name: "actions", label: t("kitPage.sample.actions") },
          { name: "tags", label: t("kitPage.sample.tags") },
          { name: "ownerIds", label: t("kitPage.sample.owners"), source: hosts },
          { name: "until", label: t("kitPage.sample.until") },
        ],
      },
    ],
    [t],
  );
  const shared = {
    title: t("kitPage.form"),
    endpoint: saveKitRow,
    before,
    fixed,
    groups,
    done: () => undefined,
    consequence: (values: Readonly<Record<string, unknown>>) =>
      t("kitPage.sample.will", { count: (values.ownerIds as string[]).length }),
  };
  return (
    <div className="stack">
      <Button onClick={() => setOpen(true)} style={{ alignSelf: "flex-start" }}>
        {t("kitPage.openForm")}
      </Button>
      <div style={{ maxWidth: 520 }}>
        <FormPage {...shared} inside />
      </div>
      {open && <FormDrawer {...shared} close={() => setOpen(false)} />}
    </div>
  );
}
