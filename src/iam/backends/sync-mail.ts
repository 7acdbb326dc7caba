import { z } from "zod";
import { mailTemplate } from "../../platform/index.ts";
import { Name } from "../../core/index.ts";

const Count = z.number().int();

/** What a sync by schedule did, for whoever looks after the directory. */
export const syncMail = mailTemplate({
  key: "directory-synced",
  values: z.object({ backend: Name, created: Count, changed: Count, disabled: Count, failed: Count }),
  render({ backend, created, changed, disabled, failed }, language) {
    if (language === "zh") {
      return {
        subject: `目录同步：${backend}`,
        paragraphs: [
          `“${backend}”的同步已完成：新建 ${created}，更改 ${changed}，停用 ${disabled}，失败 ${failed}。`,
          "每一行的结果见控制台的“任务”。",
        ],
      };
    }
    return {
      subject: `Directory sync: ${backend}`,
      paragraphs: [
        `The sync with "${backend}" is done: ${created} created, ${changed} changed, ${disabled} disabled, ${failed} failed.`,
        "What became of each person stands under Jobs in the console.",
      ],
    };
  },
});
