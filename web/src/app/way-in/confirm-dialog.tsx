import { Button, Modal } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { beginConfirm, beginRedirect, confirm, listConfirmWays } from "../../../../src/iam/schema.ts";
import { call, onUnconfirmed, type Output, type Unconfirmed } from "../../api.ts";
import { ErrorPanel, Loading, Problem } from "../../kit/states.tsx";
import { goToProvider, here } from "./own-path.ts";
import { SecondFactor } from "./second-factor.tsx";

interface Asking {
  readonly asked: Unconfirmed;
  readonly ways: Output<typeof listConfirmWays> | null;
  readonly error: unknown;
}

/** Asks the person to prove anew that it is them, whenever a call needs it; calls at the same moment share one question. */
export function ConfirmDialog() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Asking | null>(null);
  const waiting = useRef<((proved: boolean) => void)[]>([]);
  const end = (proved: boolean) => {
    setAsking(null);
    for (const answer of waiting.current.splice(0)) answer(proved);
  };
  useEffect(
    () =>
      onUnconfirmed((asked) => {
        if (waiting.current.length === 0) {
          setAsking({ asked, ways: null, error: null });
          call(listConfirmWays, {}).then(
            (ways) => setAsking({ asked, ways, error: null }),
            (error: unknown) => setAsking({ asked, ways: null, error }),
          );
        }
        return new Promise<boolean>((resolve) => waiting.current.push(resolve));
      }),
    [],
  );
  return (
    <Modal
      open={asking !== null}
      title={t("signIn.confirm.title")}
      onCancel={() => end(false)}
      footer={null}
      width={400}
      zIndex={1900}
      mask={{ closable: false }}
      destroyOnHidden
    >
      {asking?.error ? (
        <ErrorPanel error={asking.error} />
      ) : asking?.ways ? (
        <Ways asked={asking.asked} ways={asking.ways} proved={() => end(true)} leave={() => end(false)} />
      ) : (
        <Loading lines={2} />
      )}
    </Modal>
  );
}

const LEVELS: readonly Unconfirmed["level"][] = ["sign-in", "password", "second-factor"];

function Ways(props: {
  readonly asked: Unconfirmed;
  readonly ways: Output<typeof listConfirmWays>;
  readonly proved: () => void;
  readonly leave: () => void;
}) {
  const { t } = useTranslation();
  const { asked, ways, proved, leave } = props;
  if (LEVELS.indexOf(ways.level) < LEVELS.indexOf(asked.level))
    return (
      <div className="stack">
        <p>{t(asked.level === "second-factor" ? "signIn.confirm.noFactor" : "signIn.confirm.noPassword")}</p>
        <Button onClick={leave}>{t("kit.close")}</Button>
      </div>
    );
  if (ways.level === "sign-in") return <Again providers={ways.providers} />;
  return (
    <div className="stack">
      <p className="muted">{t("signIn.confirm.text", { count: asked.minutes })}</p>
      <SecondFactor
        offered={ways.ways}
        hidden={["password"]}
        begin={async (kind) => (await call(beginConfirm, { kind })).shown}
        answer={async (kind, answer) => {
          await call(confirm, { kind, answer });
          proved();
        }}
      />
    </div>
  );
}

/** Who has neither password nor factor here signs in once more where they came from, and comes back to this page. */
function Again({ providers }: { providers: readonly { id: string; name: string }[] }) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const go = async (backendId: string) => {
    try {
      goToProvider((await call(beginRedirect, { backendId, returnTo: here() })).location);
    } catch (fault) {
      setError(fault);
    }
  };
  return (
    <div className="stack">
      <p>{t(providers.length > 0 ? "signIn.confirm.again" : "signIn.confirm.anew")}</p>
      {providers.map(({ id, name }) => (
        <Button key={id} type="primary" size="large" block onClick={() => void go(id)}>
          <span className="cut">{t("signIn.ways.at", { name })}</span>
        </Button>
      ))}
      <Problem error={error} />
    </div>
  );
}
