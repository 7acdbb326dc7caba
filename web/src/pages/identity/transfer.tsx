import { DownOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { exportUsers } from "../../../../src/iam/schema.ts";
import { useMay } from "../../me.ts";
import { ActionFailed } from "../action-failed.tsx";
import { saveFile } from "./save-file.ts";

/** The menu beside the list of users: people coming in and leaving as files, and from other organizations. */
export function useTransfer(add: () => void): { readonly button: ReactNode; readonly problem: ReactNode } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const [mayImport, mayExport, mayAdd] = [useMay("user.import"), useMay("user.export"), useMay("membership.add")];
  const save = (format: "csv" | "xlsx") => () => void saveFile(exportUsers, { format }).catch(setError);
  const items = [
    ...(mayAdd ? [{ key: "add", label: t("orgs.invite.addVerb"), onClick: add }] : []),
    ...(mayImport
      ? [{ key: "import", label: t("orgs.transfer.import"), onClick: () => void navigate("/console/users/import") }]
      : []),
    ...(mayExport
      ? [
          { key: "csv", label: t("orgs.transfer.csv"), onClick: save("csv") },
          { key: "xlsx", label: t("orgs.transfer.xlsx"), onClick: save("xlsx") },
        ]
      : []),
  ];
  return {
    button: items.length > 0 && (
      <Dropdown trigger={["click"]} menu={{ items }}>
        <Button icon={<DownOutlined />} iconPlacement="end">
          {t("kit.more")}
        </Button>
      </Dropdown>
    ),
    problem: <ActionFailed error={error} close={() => setError(null)} />,
  };
}
