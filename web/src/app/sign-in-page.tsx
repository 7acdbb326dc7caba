import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Me, readSetup } from "../../../src/iam/schema.ts";
import { useEndpoint } from "../query.ts";
import { WayIn } from "./way-in/way-in.tsx";

/** The page of somebody who is not signed in; the address stays, so that one lands where one wanted to go. */
export function SignInPage({ done }: { done: (me: Me) => void }) {
  const { t } = useTranslation();
  const setup = useEndpoint(readSetup, {});
  return (
    <Alone>
      {setup.data?.needed && <div className="note note-warn">{t("shell.signIn.setupNeeded")}</div>}
      <WayIn done={done} />
    </Alone>
  );
}

/** A page of its own, with nothing around it. */
export const Alone = ({ children }: { children: ReactNode }) => (
  <main className="alone">
    <div className="alone-card">
      <Mark />
      {children}
    </div>
  </main>
);

/** The product's mark and name. */
function Mark() {
  const { t } = useTranslation();
  return (
    <div className="mark">
      <img src="/mark.svg" alt="" width={22} height={22} />
      <span>{t("shell.product")}</span>
    </div>
  );
}
