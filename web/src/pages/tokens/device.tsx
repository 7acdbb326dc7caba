import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { confirmDevice, readDevice, refuseDevice } from "../../../../src/iam/schema.ts";
import { Empty, Facts, Loading, Mono, Problem, Time, useTitle } from "../../kit/index.ts";
import { useAction, useEndpoint } from "../../query.ts";

/**
 * Confirms that a command line that shows a code may have an SSH certificate. The person types the code: an address that
 * carried it could be sent to somebody who started nothing.
 */
export function Page() {
  const { t } = useTranslation();
  const [code, setCode] = useState<string | null>(null);
  useTitle(t("tokens.device.title"));
  return (
    <div className="own">
      <h1>{t("tokens.device.title")}</h1>
      <section>
        {code === null ? <AskCode found={setCode} /> : <Asked key={code} code={code} another={() => setCode(null)} />}
      </section>
    </div>
  );
}

function AskCode({ found }: { found: (code: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim()) found(typed.trim());
      }}
    >
      <p>
        <label htmlFor="device-code">{t("tokens.device.text")}</label>
      </p>
      <p className="muted">{t("tokens.device.neverSent")}</p>
      <div className="row">
        <Input
          id="device-code"
          className="mono"
          autoFocus
          autoComplete="off"
          maxLength={9}
          placeholder="BCDF-GHJK"
          style={{ width: 160 }}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <Button type="primary" htmlType="submit">
          {t("tokens.device.find")}
        </Button>
      </div>
    </form>
  );
}

function Asked({ code, another }: { code: string; another: () => void }) {
  const { t } = useTranslation();
  const [end, setEnd] = useState<"confirmed" | "refused" | null>(null);
  const read = useEndpoint(readDevice, { code }, { enabled: end === null });
  const [confirm, refuse] = [useAction(confirmDevice), useAction(refuseDevice)];
  if (end) return <Empty title={t(`tokens.device.${end}`)} text={t(`tokens.device.${end}Text`)} />;
  if (read.isError)
    return (
      <>
        <Problem error={read.error} />
        <div className="row device-verbs">
          <Button onClick={another}>{t("tokens.device.another")}</Button>
        </div>
      </>
    );
  const asked = read.data;
  if (!asked) return <Loading lines={5} />;
  const error = confirm.error ?? refuse.error;
  return (
    <>
      <p>{t("tokens.device.asks")}</p>
      <p>{t("tokens.device.compare")}</p>
      <p className="device-code mono">{asked.code}</p>
      {asked.elsewhere && (
        <div className="note note-warn" role="alert">
          <strong>{t("tokens.device.elsewhere")}</strong>
          <ul>
            <li>{t("tokens.device.elsewhereYours")}</li>
            <li>{t("tokens.device.elsewhereSent")}</li>
            <li>{t("tokens.device.elsewhereProof")}</li>
          </ul>
        </div>
      )}
      <Facts
        items={[
          [t("tokens.device.machine"), asked.device],
          [t("tokens.device.address"), <Mono key="a">{asked.address ?? ""}</Mono>],
          ...(asked.onlyFromAddress ? [[t("tokens.device.counts"), t("tokens.device.onlyFromAddress")] as const] : []),
          [t("tokens.device.asked"), <Time key="t" at={asked.askedAt} />],
          [t("tokens.device.organization"), asked.organization],
          [t("tokens.device.hours"), t("tokens.device.hoursCount", { count: asked.hours })],
          [t("tokens.device.key"), <Mono key="k">{asked.fingerprint}</Mono>],
        ]}
      />
      {error && <Problem error={error} />}
      <div className="row device-verbs">
        <Button
          type="primary"
          loading={confirm.isPending}
          onClick={() => confirm.mutate({ code }, { onSuccess: () => setEnd("confirmed") })}
        >
          {t("tokens.device.confirm")}
        </Button>
        <Button
          danger
          loading={refuse.isPending}
          onClick={() => refuse.mutate({ code }, { onSuccess: () => setEnd("refused") })}
        >
          {t("tokens.device.refuse")}
        </Button>
      </div>
    </>
  );
}
