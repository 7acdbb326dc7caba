import { Modal } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, readMe } from "../../../src/iam/schema.ts";
import { ApiFault, call, onSignedOut } from "../api.ts";
import { ErrorPanel } from "../kit/states.tsx";
import { tellTimesIn } from "../kit/time.ts";
import { MeContext } from "../me.ts";
import { queries, useEndpoint } from "../query.ts";
import { prefer } from "./preferences.ts";
import { Shell } from "./shell.tsx";
import { SignInPage } from "./sign-in-page.tsx";
import { ConfirmDialog } from "./way-in/confirm-dialog.tsx";
import { WayIn } from "./way-in/way-in.tsx";

/** A refusal may be about something else that had to be proved: only when nobody is signed in any more is `over` called. */
function askWhether(over: () => void): () => void {
  let asking = false;
  return () => {
    if (asking) return;
    asking = true;
    call(readMe, {})
      .catch((fault: unknown) => {
        if (fault instanceof ApiFault && fault.code === "unauthenticated") over();
      })
      .finally(() => (asking = false));
  };
}

/** Lets in who is signed in. A session that ended while one worked is taken up again over the page, which stays. */
export function Gate() {
  const { t } = useTranslation();
  const me = useEndpoint(readMe, {});
  const [again, setAgain] = useState(false);
  const known = me.data;
  useEffect(() => onSignedOut(askWhether(() => setAgain(true))), []);
  useEffect(() => {
    if (!known) return;
    prefer(known.preferences);
    tellTimesIn(known.timeZone);
  }, [known]);
  const signedIn = (person: Me) => {
    const another = known !== undefined && known.id !== person.id;
    queries.setQueryData([readMe.name, {}], person);
    setAgain(false);
    if (another) {
      sessionStorage.clear();
      location.assign("/");
    } else void queries.invalidateQueries();
  };
  if (!known) {
    if (me.error && me.error.code !== "unauthenticated")
      return <ErrorPanel error={me.error} retry={() => void me.refetch()} />;
    return me.error ? <SignInPage done={signedIn} /> : <div />;
  }
  return (
    <MeContext value={known}>
      <Shell me={known} />
      <ConfirmDialog />
      <Modal
        open={again}
        closable={false}
        footer={null}
        title={t("shell.signIn.again")}
        width={360}
        zIndex={2000}
        keyboard={false}
        className="again"
        afterOpenChange={(shown) =>
          shown && document.querySelector<HTMLElement>(".again input[type=password]")?.focus()
        }
      >
        <p className="muted">{t("shell.signIn.againText")}</p>
        <WayIn over loginName={known.loginName} done={signedIn} />
      </Modal>
    </MeContext>
  );
}
