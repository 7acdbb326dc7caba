import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiFault } from "../../api.ts";
import {
  ConfirmEnd,
  Empty,
  ErrorPanel,
  Facts,
  Loading,
  Mono,
  Names,
  Partial,
  Problem,
  Progress,
  SecretField,
  StateTag,
  Time,
  Transcript,
  useTitle,
} from "../../kit/index.ts";
import { Keys } from "../../kit/shortcuts.tsx";
import { OfflineBanner } from "../../kit/states.tsx";
import { answerKit, STATE_CHOICES } from "./kit-data.ts";
import { KitForms } from "./kit-form.tsx";
import { KitList } from "./kit-list.tsx";

answerKit();

const MINUTE = 60_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** Every piece of the kit in every state. */
export function Page() {
  const { t } = useTranslation();
  useTitle(t("kitPage.title"));
  return (
    <div className="kit">
      <header>
        <h1>{t("kitPage.title")}</h1>
        <p className="muted">{t("kitPage.text")}</p>
      </header>
      <section>
        <h2>{t("kitPage.pieces")}</h2>
        <Pieces />
      </section>
      <section>
        <h2>{t("kitPage.states")}</h2>
        <States />
      </section>
      <section>
        <h2>{t("kitPage.dialogs")}</h2>
        <Dialogs />
      </section>
      <section>
        <h2>{t("kitPage.list")}</h2>
        <div className="kit-frame">
          <KitList />
        </div>
      </section>
      <section>
        <h2>{t("kitPage.form")}</h2>
        <KitForms />
      </section>
    </div>
  );
}

const Cell = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="kit-cell">
    <h3>{title}</h3>
    {children}
  </div>
);

function Pieces() {
  const { t } = useTranslation();
  return (
    <div className="kit-grid">
      <Cell title={t("kitPage.names.state")}>
        <div className="row">
          {STATE_CHOICES.map((state) => (
            <StateTag key={state} tone={state}>
              {t(`kitPage.sample.${state}`)}
            </StateTag>
          ))}
        </div>
      </Cell>
      <Cell title={t("kitPage.names.time")}>
        <div className="row">
          {[0, 3 * MINUTE, 90 * MINUTE, 26 * 60 * MINUTE, 9 * 24 * 60 * MINUTE, -45 * MINUTE].map((ms) => (
            <Time key={ms} at={ago(ms)} />
          ))}
          <Time at={null} />
        </div>
      </Cell>
      <Cell title={t("kitPage.names.mono")}>
        <div className="row">
          <Mono copy>db-primary.fra.example</Mono>
          <Names items={["Mara", "Tomás", "Li Wei", "Ada"].map((name) => ({ id: name, name }))} />
        </div>
      </Cell>
      <Cell title={t("kitPage.names.transcript")}>
        <Transcript title={t("kitPage.names.transcript")} lines={["> EHLO gate.example", "< 250 mail.example"]} />
        <Transcript title={t("kitPage.names.transcript")} lines={[]} />
      </Cell>
      <Cell title={t("kitPage.names.secret")}>
        <SecretField reveal={async () => "correct horse battery staple"} />
      </Cell>
      <Cell title={t("kitPage.names.facts")}>
        <Facts
          items={[
            [t("kitPage.sample.name"), <Mono key="m">db-primary</Mono>],
            [
              t("kitPage.sample.state"),
              <StateTag key="s" tone="good">
                {t("kitPage.sample.good")}
              </StateTag>,
            ],
          ]}
        />
      </Cell>
      <Cell title={t("kitPage.names.keys")}>
        <Keys keys="mod+k" /> <Keys keys="Ctrl+shift+." /> <Keys keys="Escape" />
      </Cell>
    </div>
  );
}

function States() {
  const { t } = useTranslation();
  const [shown, setShown] = useState(true);
  const failed = new ApiFault({
    code: "unavailable",
    status: 503,
    message: t("kitPage.sample.error"),
    requestId: "req-58c1f0a2",
  });
  const denied = new ApiFault({
    code: "denied",
    status: 403,
    message: t("kitPage.sample.denied"),
    details: { permission: "user.list" },
  });
  return (
    <div className="kit-grid">
      <Cell title={t("kitPage.names.empty")}>
        <Empty
          title={t("kitPage.sample.empty")}
          text={t("kitPage.sample.emptyText")}
          action={<Button type="primary">{t("kitPage.sample.emptyAction")}</Button>}
        />
      </Cell>
      <Cell title={t("kitPage.names.loading")}>
        <Loading />
      </Cell>
      <Cell title={t("kitPage.names.error")}>
        <ErrorPanel error={failed} retry={() => undefined} />
      </Cell>
      <Cell title={t("kitPage.names.denied")}>
        <ErrorPanel error={denied} />
      </Cell>
      <Cell title={t("kitPage.names.problem")}>
        <Problem error={failed} />
      </Cell>
      <Cell title={t("kitPage.names.partial")}>
        {shown && (
          <Partial
            failures={["web-03", "web-17"].map((name) => ({ name, message: t("kitPage.sample.reason") }))}
            of={12}
            dismiss={() => setShown(false)}
          />
        )}
      </Cell>
      <Cell title={t("kitPage.names.progress")}>
        <Progress
          title={t("kitPage.sample.progress")}
          done={43}
          of={120}
          remainingMs={95_000}
          cancel={() => undefined}
          background
        />
      </Cell>
      <Cell title={t("kitPage.names.offline")}>
        <OfflineBanner always />
      </Cell>
    </div>
  );
}

function Dialogs() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"one" | "many" | null>(null);
  return (
    <div className="row">
      <Button onClick={() => setAsking("one")}>{t("kitPage.one")}</Button>
      <Button onClick={() => setAsking("many")}>{t("kitPage.many")}</Button>
      {asking && (
        <ConfirmEnd
          title={t("kitPage.sample.endTitle")}
          text={t("kit.confirm.cannotUndo")}
          live={asking === "one" ? 1 : 3}
          names={asking === "one" ? ["db-primary"] : ["db-primary", "db-replica-1", "db-replica-2"]}
          verb={t("kit.form.remove")}
          close={() => setAsking(null)}
          run={async () => undefined}
        />
      )}
    </div>
  );
}
