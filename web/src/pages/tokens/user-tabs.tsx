import { useTranslation } from "react-i18next";
import {
  listUserApiKeys,
  listUserSignInSessions,
  listUserSshCertificates,
  type User,
} from "../../../../src/iam/schema.ts";
import { useMay } from "../../me.ts";
import { UserCertificates } from "./certificate-rows.tsx";
import { UserApiKeys } from "./key-rows.tsx";
import { UserSessions } from "./session-rows.tsx";

/** Where a user is signed in, and with what: as a tab of the user's page; none for who may see nothing of it. */
export function useSignInTab(user: User | undefined) {
  const { t } = useTranslation();
  const may = {
    sessions: useMay(listUserSignInSessions.name),
    keys: useMay(listUserApiKeys.name),
    certificates: useMay(listUserSshCertificates.name),
  };
  if (!user || !Object.values(may).some(Boolean)) return [];
  return [
    {
      key: "sign-in",
      label: t("tokens.sessions.tab"),
      children: (
        <div className="tab-body">
          {may.sessions && <UserSessions user={user} />}
          {may.keys && <UserApiKeys user={user} />}
          {may.certificates && <UserCertificates user={user} />}
        </div>
      ),
    },
  ];
}
