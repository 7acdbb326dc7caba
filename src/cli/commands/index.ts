import type { Command } from "../command.ts";
import { auditExport } from "./audit-export.ts";
import { auditVerify } from "./audit-verify.ts";
import { login } from "./login.ts";
import { recordingVerify } from "./recording-verify.ts";
import { signInRulesOff } from "./sign-in-rules-off.ts";
import { userResetMfa } from "./user-reset-mfa.ts";

/** Every subcommand, in the order of the help. */
export const commands: readonly Command[] = [
  login,
  auditVerify,
  auditExport,
  recordingVerify,
  userResetMfa,
  signInRulesOff,
];
