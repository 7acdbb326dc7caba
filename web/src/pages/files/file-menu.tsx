import { DownOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { FileFormat } from "../../../../src/platform/files/schema.ts";
import { ActionFailed } from "../action-failed.tsx";

/** The menu beside a list whose rows leave and come in as files; `save` and `importAt` are absent where one may not. */
export function useFileMenu({
  others = [],
  importAt,
  save,
}: {
  readonly others?: readonly { readonly key: string; readonly label: string; readonly onClick: () => void }[];
  readonly importAt: string | null;
  readonly save: ((format: FileFormat) => Promise<void>) | null;
}): { readonly button: ReactNode; readonly problem: ReactNode } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const saving = (format: FileFormat) => () => void save?.(format).catch(setError);
  const items = [
    ...others,
    ...(importAt ? [{ key: "import", label: t("files.import"), onClick: () => void navigate(importAt) }] : []),
    ...(save
      ? [
          { key: "csv", label: t("files.csv"), onClick: saving("csv") },
          { key: "xlsx", label: t("files.xlsx"), onClick: saving("xlsx") },
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
