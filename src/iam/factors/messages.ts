import { z } from "zod";
import { plain, secret } from "../../core/index.ts";
import { type AnyMailTemplate, mailTemplate } from "../../platform/index.ts";

const word = plain(z.string().max(200));

/** The code itself; stored sealed until it is sent. */
export const mailedCode = mailTemplate({
  key: "mailed-code",
  values: z.object({ code: secret(z.string().max(16)), loginName: word, address: word, minutes: z.number() }),
  render: ({ code, loginName, address, minutes }, language) =>
    language === "zh"
      ? {
          subject: "登录验证码",
          paragraphs: [
            `有人正在以“${loginName}”登录 Sallyport（来自 ${address || "未知地址"}），密码或密钥已验证。验证码：`,
          ],
          code,
          closing: [
            `${minutes} 分钟内有效，只能使用一次。Sallyport 的人员不会向您索要它。`,
            "如果不是您本人，请立即修改密码并告知管理员。",
          ],
        }
      : {
          subject: "Your code to sign in",
          paragraphs: [
            `Somebody signs in to Sallyport as "${loginName}" from ${address || "an unknown address"}, and the password or key was right. The code:`,
          ],
          code,
          closing: [
            `It is good for ${minutes} minutes, and once. Nobody will ever ask you for it.`,
            "If that is not you, change your password at once and tell an administrator.",
          ],
        },
});

/** Somebody signed in with a code on paper. */
export const recoveryCodeUsed = mailTemplate({
  key: "recovery-code-used",
  values: z.object({ loginName: word, left: z.number(), few: z.boolean(), address: word }),
  render: ({ loginName, left, few, address }, language) =>
    language === "zh"
      ? {
          subject: "有人使用了您的恢复码",
          paragraphs: [
            `用户“${loginName}”的一个恢复码刚刚被使用（来自 ${address || "未知地址"}），还剩 ${left} 个。`,
            ...(few ? ["请在控制台“我的账户”中生成新的恢复码。"] : []),
          ],
          closing: ["如果不是您本人，请立即修改密码并告知管理员。"],
        }
      : {
          subject: "A recovery code of yours was used",
          paragraphs: [
            `A recovery code of "${loginName}" was used just now from ${address || "an unknown address"}. ${left} are left.`,
            ...(few ? ["Make new ones on your own page in the console."] : []),
          ],
          closing: ["If that was not you, change your password at once and tell an administrator."],
        },
});

/** An administrator took the second factors away. */
export const factorsReset = mailTemplate({
  key: "factors-reset",
  values: z.object({ loginName: word, by: word }),
  render: ({ loginName, by }, language) =>
    language === "zh"
      ? {
          subject: "您的第二因素已被重置",
          paragraphs: [`${by} 已移除用户“${loginName}”的所有第二因素和恢复码，并结束了其控制台会话。`],
          closing: ["如果您没有要求这样做，请立即告知另一位管理员。"],
        }
      : {
          subject: "Your second factors were reset",
          paragraphs: [
            `${by} removed all second factors and recovery codes of "${loginName}" and ended its console sessions.`,
          ],
          closing: ["If you did not ask for it, tell another administrator at once."],
        },
});

export const factorMessages: AnyMailTemplate[] = [mailedCode, recoveryCodeUsed, factorsReset];
