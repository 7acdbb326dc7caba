import type { Chinese } from "./text.ts";

export const en = {
  import: "Import",
  csv: "Export as CSV",
  xlsx: "Export as XLSX",
  template: "Template",
  choose: "Choose a file",
  understood: "How the file is understood",
  ignored: "ignored",
  mode: "What to do",
  again: "Import another file",
  refused: "Rows that were refused stand below with line and reason; all others are done.",
  tooLarge: "The file is larger than 10 MB. Split it into several.",
} as const;

export const zh: Chinese<typeof en> = {
  import: "导入",
  csv: "导出为 CSV",
  xlsx: "导出为 XLSX",
  template: "模板",
  choose: "选择文件",
  understood: "文件的识别结果",
  ignored: "忽略",
  mode: "操作",
  again: "导入其他文件",
  refused: "被拒绝的行连同行号和原因列在下方；其余均已完成。",
  tooLarge: "文件超过 10 MB，请拆分。",
};
