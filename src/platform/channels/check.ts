import { Fault, newId } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { layOut } from "../notifications/template.ts";
import type { SettingsReader } from "../settings/reader.ts";
import { mail } from "./mail/mail.ts";
import * as schema from "./schema.ts";

const TEST = {
  subject: "Test message / 测试邮件",
  paragraphs: ["Mail from Sallyport arrives.", "来自 Sallyport 的邮件可以送达。"],
};

/** Trying a channel with what is stored. */
export const channelActions = ({ settings }: { settings: SettingsReader }) => [
  serve(schema.checkMail, {
    access: "granted",
    async before({ db }, { to }) {
      const stored = await settings.readNow(mail.settings, null, db);
      if (!mail.isConfigured(stored)) throw new Fault("conflict", "Mail is not set up. Save the settings first.");
      return mail.check(stored, to, layOut(newId(), TEST, "en"), AbortSignal.timeout(70_000));
    },
    async run({ prepared, note }) {
      note({ delivered: prepared.ok, answer: prepared.message });
      return { ...prepared, transcript: [...prepared.transcript] };
    },
  }),
];
