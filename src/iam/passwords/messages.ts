import { z } from "zod";
import { type Actor, plain, secret } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { mailTemplate } from "../../platform/index.ts";
import type { Postal } from "../users/invitation.ts";

const Line = plain(z.string());

/** The mail with the link that replaces a forgotten password. */
export const resetMail = mailTemplate({
  key: "password-reset",
  values: z.object({ name: Line, loginName: Line, link: secret(z.url()) }),
  render({ name, loginName, link }, language) {
    if (language === "zh") {
      return {
        subject: "重设您的 Sallyport 密码",
        paragraphs: [`${name}，您好：`, `有人请求为登录名 ${loginName} 重设密码。请设置新密码：`],
        link: { label: "设置新密码", url: link },
        closing: ["链接 1 小时内有效，只能使用一次。如果不是您请求的，请忽略这封邮件，密码不会改变。"],
      };
    }
    return {
      subject: "Choose a new Sallyport password",
      paragraphs: [`Hello ${name},`, `A new password was asked for, for the login name ${loginName}. Choose it here:`],
      link: { label: "Choose a new password", url: link },
      closing: ["The link is valid for one hour and works once. If it was not you, ignore this mail: nothing changes."],
    };
  },
});

/** Tells a person that the password was replaced, from where and with what. */
export const passwordReplacedMail = mailTemplate({
  key: "password-replaced",
  values: z.object({ name: Line, loginName: Line, address: Line, agent: Line, at: Line }),
  render({ name, loginName, address, agent, at }, language) {
    if (language === "zh") {
      return {
        subject: "您的 Sallyport 密码已更改",
        paragraphs: [`${name}，您好：`, `登录名 ${loginName} 的密码已于 ${at} 更改，来自 ${address}（${agent}）。`],
        closing: ["您的所有控制台会话均已结束。如果不是您本人操作，请立即联系管理员。"],
      };
    }
    return {
      subject: "Your Sallyport password was changed",
      paragraphs: [`Hello ${name},`, `The password of ${loginName} was changed at ${at}, from ${address} (${agent}).`],
      closing: ["All other console sessions have ended. If it was not you, tell an administrator at once."],
    };
  },
});

/** Mails a person that the password was replaced; nothing without an address or without mail. */
export async function tellReplaced(
  platform: Postal,
  db: Db,
  { userId, actor, now }: { readonly userId: string; readonly actor: Actor; readonly now: Date },
): Promise<void> {
  const user = await db
    .selectFrom("users")
    .select(["name", "login_name as loginName", "email"])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (!user?.email || !(await platform.mailIsConfigured(db))) return;
  const { name, loginName } = user;
  const from = { address: actor.address ?? "?", agent: actor.agent ?? "?", at: now.toISOString() };
  await platform.notify(db, {
    to: { userId },
    orgId: actor.orgId,
    template: passwordReplacedMail,
    values: { name, loginName, ...from },
  });
}
