import { type Browser, chromium, type Page } from "playwright-core";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Debian's Chromium without a window. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

/** A page of the given width whose uncaught errors and refused scripts or styles are collected in `faults`. */
export async function openPage(browser: Browser, width: number): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && message.text().includes("Content Security Policy")) faults.push(message.text());
  });
  return { page, faults };
}

/** A page with the cookie of somebody who has signed in at `url`. */
export async function openPageAs(browser: Browser, { url, cookie }: { url: string; cookie: string }, width = 1440) {
  const opened = await openPage(browser, width);
  const [name = "", value = ""] = cookie.split("=");
  await opened.page.context().addCookies([{ name, value, url }]);
  return opened;
}

/** Waits until the terminal's last line looks like a shell's prompt; start-up files of a shell may take their time. */
export async function promptIn(page: Page): Promise<void> {
  const rows = page.locator(".xterm-rows");
  await rows.filter({ hasText: /[#$>]\s*$/ }).waitFor({ timeout: 90_000 });
}
