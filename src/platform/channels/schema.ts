import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { plain } from "../../core/fields.ts";

const ChannelCheck = z.object({
  ok: z.boolean(),
  message: plain(z.string()),
  /** `>` what the gate said, `<` what the server said. Secrets are masked. */
  transcript: z.array(plain(z.string())),
});

export const checkMail = endpoint({
  route: "POST /settings/mail/check",
  name: "settings.mail.check",
  scope: "system",
  title: "Send a test mail with the stored settings, and show the conversation with the server",
  input: z.object({ to: plain(z.email("Not a mail address.").max(254)) }),
  output: ChannelCheck,
});
