import type { Browser, Page } from "playwright-core";
import { importUsers, previewImport, uploadImport } from "../src/iam/schema.ts";
import { readMyJob } from "../src/platform/schema.ts";
import { openPage, openPageAs, startBrowser } from "../test/console/browser.ts";
import { type Client, startTestProgram } from "../test/support/program.ts";
import type { Row, Rows } from "./report.ts";

const USERS = 10_000;
const PIECE = 256 * 1024;
const STEP_PX = 120;
const FRAMES = 900;

/**
 * Scrolls the console's list of 10,000 users from its top by 120 px a frame, and, in the same browser, a plain page of
 * as many rows without any script. Without a graphics card Chromium paints on the processor: the ratio says what the
 * console adds.
 */
export async function bench(): Promise<Rows> {
  const program = await startTestProgram();
  const browser = await startBrowser();
  try {
    const admin = await program.setUp();
    await fill(admin);
    const plain = await plainPage(browser);
    const { page } = await openPageAs(browser, { url: program.url, cookie: admin.cookie });
    await page.goto(`${program.url}/console/users`);
    await page.getByRole("row").nth(20).waitFor();
    return rowsOf(await scrolled(page), plain);
  } finally {
    await browser.close();
    await program.stop();
  }
}

async function fill(admin: Client): Promise<void> {
  const lines = Array.from({ length: USERS }, (_, n) => `u${n},Person ${n},u${n}@example.org`);
  const file = Buffer.from(["login name,name,mail", ...lines].join("\n"));
  const pieces = Math.ceil(file.length / PIECE);
  let fileId: string | undefined;
  for (let number = 0; number < pieces; number += 1) {
    const content = file.subarray(number * PIECE, (number + 1) * PIECE).toString("base64");
    ({ fileId } = await admin.call(uploadImport, {
      name: "users.csv",
      number,
      pieces,
      content,
      ...(fileId && { fileId }),
    }));
  }
  if (!fileId) throw new Error("Nothing was uploaded");
  await admin.call(previewImport, { fileId });
  const { jobId } = await admin.call(importUsers, { fileId, mode: "create" });
  while (!(await admin.call(readMyJob, { id: jobId })).endedAt) await new Promise((done) => setTimeout(done, 500));
}

async function plainPage(browser: Browser): Promise<Scroll> {
  const { page } = await openPage(browser, 1440);
  const rows = Array.from({ length: USERS }, (_, n) => `<tr><td>u${n}<td>Person ${n}<td>u${n}@example.org<td>active`);
  await page.setContent(
    `<style>body{font:13px sans-serif;margin:0}main{height:900px;overflow:auto}td{height:28px;width:350px}</style>
    <main><table>${rows.join("")}</table></main>`,
  );
  return scrolled(page);
}

interface Scroll {
  /** Gaps between frames in ms, sorted. */
  readonly gaps: readonly number[];
  /** What the page's thread worked for each frame, in ms. */
  readonly work: number;
  /** How far it came, in px. */
  readonly reached: number;
}

async function scrolled(page: Page): Promise<Scroll> {
  await page.waitForTimeout(1_500);
  const inspector = await page.context().newCDPSession(page);
  await inspector.send("Performance.enable");
  const worked = async (): Promise<number> =>
    (await inspector.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
  const before = await worked();
  const { gaps, reached } = await page.evaluate<{ gaps: number[]; reached: number }>(SCROLL);
  const work = (((await worked()) - before) * 1000) / FRAMES;
  return { gaps: gaps.toSorted((a, b) => a - b), work, reached };
}

/** Runs in the page. */
const SCROLL = `(async () => {
  const list = [...document.querySelectorAll("*")].find(
    (each) => each.scrollHeight > each.clientHeight + 1000 && each.clientHeight > 300,
  );
  if (!list) throw new Error("Nothing to scroll");
  const gaps = [];
  let last = performance.now();
  for (let frame = 0; frame < ${FRAMES}; frame += 1) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    list.scrollTop += ${STEP_PX};
  }
  return { gaps, reached: list.scrollTop };
})()`;

const at = (gaps: readonly number[], share: number): number => gaps[Math.ceil(gaps.length * share) - 1] ?? 0;

function rowsOf(console: Scroll, plain: Scroll): Rows {
  const row = (measure: string, value: number, of: number | null, goal: string | null, pass: boolean | null): Row => ({
    measure,
    value,
    unit: "ms",
    ratio: of === null ? null : value / of,
    of: of === null ? null : "a plain page",
    goal,
    pass,
  });
  const [p50, p95] = [at(console.gaps, 0.5), at(console.gaps, 0.95)];
  if (console.reached < STEP_PX * FRAMES * 0.9) throw new Error(`The list ended at ${console.reached} px`);
  return [
    row("users, frame p50", p50, at(plain.gaps, 0.5), "at most 17.5", p50 <= 17.5),
    row("users, frame p95", p95, at(plain.gaps, 0.95), "at most 34", p95 <= 34),
    row("users, longest frame", at(console.gaps, 1), at(plain.gaps, 1), null, null),
    row("users, work of the page's thread a frame", console.work, plain.work, "at most 12", console.work <= 12),
  ];
}
