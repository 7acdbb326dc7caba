import { useTranslation } from "react-i18next";
import { useTitle } from "../../kit/index.ts";
import { useMe } from "../../me.ts";
import { Factors } from "./factors.tsx";
import { Identities } from "./identities.tsx";
import { Look } from "./look.tsx";
import { Passkeys } from "./passkeys.tsx";
import { PasswordChange } from "./password.tsx";
import { ProfileFacts } from "./profile.tsx";
import { MyCertificates } from "../tokens/certificate-rows.tsx";
import { MyKeys } from "../tokens/key-rows.tsx";
import { MySessions } from "../tokens/session-rows.tsx";
import { SshKeys } from "./ssh-keys.tsx";

/** One's own page, section by section: who one is, how one proves it, how things look. */
export function Page() {
  const { t } = useTranslation();
  const me = useMe();
  useTitle(t("own.title"));
  if (!me) return null;
  return (
    <div className="own">
      <h1>{me.name}</h1>
      <ProfileFacts me={me} />
      <Look />
      <PasswordChange own={[me.name, me.loginName]} />
      <Factors />
      <Passkeys />
      <Identities />
      <SshKeys />
      <MyCertificates />
      <MyKeys />
      <MySessions />
    </div>
  );
}
