import { useTranslation } from "react-i18next";
import { exportUsers } from "../../../../src/iam/schema.ts";
import { useMay } from "../../me.ts";
import { useFileMenu } from "../files/file-menu.tsx";
import { saveFile } from "../files/save-file.ts";

/** The menu beside the list of users: people coming in and leaving as files, and from other organizations. */
export function useTransfer(add: () => void) {
  const { t } = useTranslation();
  const [mayImport, mayExport, mayAdd] = [useMay("user.import"), useMay("user.export"), useMay("membership.add")];
  return useFileMenu({
    others: mayAdd ? [{ key: "add", label: t("orgs.invite.addVerb"), onClick: add }] : [],
    importAt: mayImport ? "/console/users/import" : null,
    save: mayExport ? (format) => saveFile(exportUsers, { format }) : null,
  });
}
