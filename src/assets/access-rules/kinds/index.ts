import { registry } from "../../../core/index.ts";
import { clipboard } from "./clipboard.ts";
import { command } from "./command.ts";
import { connect } from "./connect.ts";
import { connectMethod } from "./connect-method.ts";
import { dataMasking } from "./data-masking.ts";
import type { AnyAccessRuleKind } from "./kind.ts";

/** The kinds of access rules, in the order in which those that judge a connection are asked. */
export const accessRuleKinds = registry<AnyAccessRuleKind>("kind of access rule", [
  connectMethod,
  connect,
  command,
  dataMasking,
  clipboard,
]);
