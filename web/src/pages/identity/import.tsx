import { Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { importTemplate, importUsers, previewImport, uploadImport } from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { useMay } from "../../me.ts";
import { type Chosen, ImportChoices, ImportPage, type Mode } from "../files/import-page.tsx";
import { saveFile } from "../files/save-file.ts";

/** A file of users, from choosing it to the result of each row. */
export function Page() {
  const { t } = useTranslation();
  return (
    <ImportPage
      title={t("orgs.transfer.title")}
      home={{ to: "/console/users", title: t("identity.users.title") }}
      text={t("orgs.transfer.fileText")}
      sendPiece={(piece) => call(uploadImport, piece)}
      preview={(fileId) => call(previewImport, { fileId })}
      saveTemplate={(format) => saveFile(importTemplate, { format })}
      choices={(chosen) => <Choices {...chosen} />}
    />
  );
}

function Choices(chosen: Chosen) {
  const { t } = useTranslation();
  const { fileId, preview } = chosen.uploaded;
  const hasPasswords = preview.columns.some(({ field }) => field === "password");
  const mayInvite = useMay("user.invite");
  const [mode, setMode] = useState<Mode>("create");
  const [invite, setInvite] = useState(false);
  const [passwords, setPasswords] = useState(false);
  return (
    <ImportChoices
      {...chosen}
      total={t("orgs.transfer.total", { count: preview.total })}
      verb={t("orgs.transfer.start", { count: preview.total })}
      modes={{
        create: t("orgs.transfer.modes.create"),
        update: t("orgs.transfer.modes.update"),
        both: t("orgs.transfer.modes.both"),
      }}
      mode={mode}
      setMode={setMode}
      blocked={hasPasswords && !passwords}
      start={() => call(importUsers, { fileId, mode, invite, passwords })}
    >
      {mayInvite && mode !== "update" && (
        <Checkbox checked={invite} onChange={(event) => setInvite(event.target.checked)}>
          {t("orgs.transfer.invite")}
        </Checkbox>
      )}
      {hasPasswords && (
        <div>
          <Checkbox checked={passwords} onChange={(event) => setPasswords(event.target.checked)}>
            {t("orgs.transfer.passwords")}
          </Checkbox>
          <div className="field-help">{t("orgs.transfer.passwordsText")}</div>
        </div>
      )}
    </ImportChoices>
  );
}
