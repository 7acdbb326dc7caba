import { Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { acceptHostKey, type AssetDetail } from "../../../../src/assets/schema.ts";
import { Mono, Problem, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { compareFingerprint, type HostKey, type KeyPair, keyPairs } from "./host-key-pairs.ts";

/** The host keys of an asset: what is pinned beside what was offered. */
export function HostKeys({ asset }: { asset: AssetDetail }) {
  const { t } = useTranslation();
  const mayAccept = useMay("asset.host-key.accept");
  const [accepting, setAccepting] = useState<KeyPair | null>(null);
  return (
    <div className="tab-body stack">
      <div>
        <h2>{t("inventory.hostKeys.title")}</h2>
        <p className="muted">{t("inventory.hostKeys.text")}</p>
      </div>
      {keyPairs(asset).map((pair) => (
        <section key={`${pair.host} ${pair.port}`} className={pair.differs ? "key-pair differs" : "key-pair"}>
          <header className="note-head">
            <strong className="mono">
              {pair.host} <span className="faint">{pair.port}</span>
            </strong>
            {!pair.differs && pair.pinned && <StateTag tone="good">{t("inventory.hostKeys.pinned")}</StateTag>}
          </header>
          {pair.differs && pair.pinned && <p>{t("inventory.hostKeys.differs")}</p>}
          {!pair.pinned && !pair.offered && <p className="muted">{t("inventory.hostKeys.noneText")}</p>}
          <div className="key-sides">
            {pair.pinned && <Side title={t("inventory.hostKeys.pinned")} side={pair.pinned} />}
            {pair.differs && pair.offered && <Side title={t("inventory.hostKeys.offered")} side={pair.offered} />}
          </div>
          {pair.differs && mayAccept && pair.host === asset.host && (
            <div>
              <Button onClick={() => setAccepting(pair)}>{t("inventory.hostKeys.accept")}</Button>
            </div>
          )}
        </section>
      ))}
      {accepting?.offered && <AcceptKey asset={asset} offered={accepting.offered} close={() => setAccepting(null)} />}
    </div>
  );
}

function Side({ title, side }: { title: string; side: HostKey }) {
  return (
    <div className="key-side">
      <span className="faint">{title}</span>
      <span className="muted mono">{side.algorithm}</span>
      <Mono>{side.fingerprint}</Mono>
      <span className="faint">
        <Time at={side.seenAt} />
      </span>
    </div>
  );
}

/** Asks for the fingerprint as the target itself shows it: without that comparison no key is accepted. */
function AcceptKey({ asset, offered, close }: { asset: AssetDetail; offered: HostKey; close: () => void }) {
  const { t } = useTranslation();
  const accept = useAction(acceptHostKey);
  const [typed, setTyped] = useState("");
  const result = compareFingerprint(typed, offered.fingerprint);
  const words = {
    same: t("inventory.hostKeys.match"),
    other: t("inventory.hostKeys.mismatch"),
    short: t("inventory.hostKeys.typeHelp"),
  };
  const go = () =>
    accept.mutate({ id: asset.id, port: offered.port, fingerprint: offered.fingerprint }, { onSuccess: close });
  return (
    <Modal
      open
      width={520}
      title={t("inventory.hostKeys.acceptTitle", { name: asset.name })}
      onCancel={close}
      footer={
        <>
          <Button onClick={close}>{t("kit.cancel")}</Button>
          <Button type="primary" danger disabled={result !== "same"} loading={accept.isPending} onClick={go}>
            {t("inventory.hostKeys.verb")}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (result === "same") go();
        }}
      >
        <p>{t("inventory.hostKeys.acceptText")}</p>
        <div className="key-side">
          <span className="faint">{t("inventory.hostKeys.offered")}</span>
          <span className="muted mono">{offered.algorithm}</span>
          <span className="mono unselectable">{offered.fingerprint}</span>
        </div>
        <div className="stack-tight">
          <span className="faint">{t("inventory.hostKeys.command")}</span>
          <Mono copy>{commandFor(offered.algorithm)}</Mono>
        </div>
        <label className="stack-tight">
          <span>{t("inventory.hostKeys.type")}</span>
          <Input
            className="mono"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={typed}
            {...(result === "other" && { status: "error" as const })}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <p className={result === "other" ? "bad" : result === "same" ? "" : "muted"} aria-live="polite">
          {words[result]}
        </p>
        <Problem error={accept.error} />
      </form>
    </Modal>
  );
}

const FILES: readonly (readonly [test: RegExp, file: string])[] = [
  [/ed25519/, "ed25519"],
  [/ecdsa/, "ecdsa"],
  [/rsa/, "rsa"],
];

const commandFor = (algorithm: string): string =>
  `ssh-keygen -lf /etc/ssh/ssh_host_${FILES.find(([test]) => test.test(algorithm))?.[1] ?? "*"}_key.pub`;
