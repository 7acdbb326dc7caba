import { useState } from "react";
import { useTranslation } from "react-i18next";
import { grantTemplate, importGrants, previewGrants, uploadGrants } from "../../../../src/assets/schema.ts";
import { call } from "../../api.ts";
import { type Chosen, ImportChoices, ImportPage, type Mode } from "../files/import-page.tsx";
import { saveFile } from "../files/save-file.ts";

/** A file of permission rules, from choosing it to the result of each row. */
export function Page() {
  const { t } = useTranslation();
  return (
    <ImportPage
      title={t("access.import.title")}
      home={{ to: "/console/rules", title: t("access.rules.title") }}
      text={
        <>
          <p>{t("access.import.fileText")}</p>
          <p>{t("access.import.cells")}</p>
          <p>{t("access.import.words")}</p>
        </>
      }
      sendPiece={(piece) => call(uploadGrants, piece)}
      preview={(fileId) => call(previewGrants, { fileId })}
      saveTemplate={(format) => saveFile(grantTemplate, { format })}
      choices={(chosen) => <Choices {...chosen} />}
    />
  );
}

function Choices(chosen: Chosen) {
  const { t } = useTranslation();
  const { fileId, preview } = chosen.uploaded;
  const [mode, setMode] = useState<Mode>("create");
  return (
    <ImportChoices
      {...chosen}
      total={t("access.import.total", { count: preview.total })}
      verb={t("access.import.start", { count: preview.total })}
      modes={{
        create: t("access.import.create"),
        update: t("access.import.update"),
        both: t("access.import.both"),
      }}
      mode={mode}
      setMode={setMode}
      start={() => call(importGrants, { fileId, mode })}
    >
      {mode !== "create" && <p className="note">{t("access.import.replaces")}</p>}
    </ImportChoices>
  );
}
