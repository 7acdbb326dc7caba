import { Input, Modal } from "antd";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { beginMyFactor, finishMyFactor } from "../../../../src/iam/schema.ts";
import { Enrolment } from "../../app/way-in/enrolment.tsx";
import type { Offered } from "../../app/way-in/question.tsx";
import { codesIn, RecoveryCodes } from "../../app/way-in/recovery-codes.tsx";
import { call } from "../../api.ts";
import { queries } from "../../query.ts";

/** Sets up a second factor of one's own; with the first one come the recovery codes. */
export function SetUp(props: {
  readonly title: string;
  readonly offered: readonly Offered[];
  /** Whether one gives it a name. */
  readonly named?: boolean;
  readonly close: () => void;
}) {
  const { t } = useTranslation();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [name, setName] = useState("");
  const enrolment = useRef("");
  const id = useId();
  const begin = async (kind: string) => {
    const { enrolmentId, shown } = await call(beginMyFactor, { kind });
    enrolment.current = enrolmentId;
    return shown;
  };
  const finish = async (_: string, answer: string) => {
    const { once } = await call(finishMyFactor, { enrolmentId: enrolment.current, answer: withName(answer, name) });
    void queries.invalidateQueries();
    const given = codesIn(once);
    if (given) setCodes(given);
    else props.close();
  };
  return (
    <Modal
      open
      title={codes ? t("signIn.codes.title") : props.title}
      onCancel={props.close}
      closable={!codes}
      keyboard={!codes}
      mask={{ closable: false }}
      footer={null}
      width={400}
    >
      {codes ? (
        <RecoveryCodes codes={codes} kept={props.close} />
      ) : (
        <div className="stack">
          {props.named && (
            <div className="field">
              <label htmlFor={id}>{t("terms.name")}</label>
              <Input
                id={id}
                value={name}
                maxLength={128}
                aria-describedby={`${id}-help`}
                onChange={(event) => setName(event.target.value)}
              />
              <div id={`${id}-help`} className="field-help">
                {t("own.passkeys.nameHelp")}
              </div>
            </div>
          )}
          <Enrolment offered={props.offered} begin={begin} finish={finish} />
        </div>
      )}
    </Modal>
  );
}

/** The name travels with what the authenticator answered. */
const withName = (answer: string, name: string): string =>
  name.trim() === "" ? answer : JSON.stringify({ ...(JSON.parse(answer) as object), name: name.trim() });
