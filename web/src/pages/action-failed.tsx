import { Button, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { Problem } from "../kit/index.ts";

/** Tells that something that was done without asking first did not work, and why. */
export function ActionFailed({ error, close }: { error: unknown; close: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  return (
    <Modal
      open
      width={440}
      title={t("kit.actionFailed")}
      onCancel={close}
      footer={
        <Button onClick={close} autoFocus>
          {t("kit.close")}
        </Button>
      }
    >
      <Problem error={error} />
    </Modal>
  );
}
