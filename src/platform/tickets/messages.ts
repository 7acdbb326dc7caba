import { z } from "zod";
import { plain } from "../../core/index.ts";
import { mailTemplate } from "../notifications/template.ts";

const Line = plain(z.string().max(2100));
const Address = plain(z.string().max(500)).nullable();

const linkTo = (url: string | null, label: string) => (url === null ? {} : { link: { label, url } });

/** Tells a reviewer that a request waits. */
export const ticketAskedMail = mailTemplate({
  key: "ticket-asked",
  values: z.object({ title: Line, asker: Line, reason: Line, until: Line.nullable(), url: Address }),
  render({ title, asker, reason, until, url }, language) {
    if (language === "zh") {
      return {
        subject: `待您审批：${title}`,
        paragraphs: [
          `${asker} 提交了申请：${title}`,
          ...(reason ? [`理由：${reason}`] : []),
          until === null ? "该申请须经审批，没有期限。" : `请在 ${until} 之前决定，否则申请将失效。`,
        ],
        ...linkTo(url, "查看申请"),
      };
    }
    return {
      subject: `To decide: ${title}`,
      paragraphs: [
        `${asker} asks: ${title}`,
        ...(reason ? [`Reason: ${reason}`] : []),
        until === null ? "It is owed until somebody decides." : `Decide before ${until}; after that it is void.`,
      ],
      ...linkTo(url, "See the request"),
    };
  },
});

const ENDED = {
  en: { approved: "approved", rejected: "rejected", expired: "expired", cancelled: "cancelled" },
  zh: { approved: "已批准", rejected: "已拒绝", expired: "已过期", cancelled: "已取消" },
} as const;

/** Tells the asker how a request ended. */
export const ticketDecidedMail = mailTemplate({
  key: "ticket-decided",
  values: z.object({
    title: Line,
    state: z.enum(["approved", "rejected", "expired", "cancelled"]),
    by: Line.nullable(),
    comment: Line,
    less: z.boolean(),
    url: Address,
  }),
  render({ title, state, by, comment, less, url }, language) {
    const word = ENDED[language][state];
    if (language === "zh") {
      return {
        subject: `申请${word}：${title}`,
        paragraphs: [
          `您的申请“${title}”${word}${by === null ? "" : `（${by}）`}。`,
          ...(less ? ["批准的范围小于您所申请的。"] : []),
          ...(comment ? [`说明：${comment}`] : []),
        ],
        ...linkTo(url, "查看申请"),
      };
    }
    return {
      subject: `Request ${word}: ${title}`,
      paragraphs: [
        `Your request "${title}" ${state === "expired" ? "expired: nobody decided in time" : `was ${word}`}${by === null ? "" : ` by ${by}`}.`,
        ...(less ? ["Less was given than you asked for."] : []),
        ...(comment ? [`Comment: ${comment}`] : []),
      ],
      ...linkTo(url, "See the request"),
    };
  },
});
