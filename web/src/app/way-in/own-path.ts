/** The path if it is one of the console's own, else its first page: nobody is sent to another site after signing in. */
export const ownPath = (path: string | null | undefined): string =>
  path && /^\/([^/\\\p{Cc}][^\\\p{Cc}]*)?$/u.test(path) ? path : "/";

/** Sends the browser to a provider; only over HTTP, so that no address runs as a script. */
export function goToProvider(address: string): void {
  const { protocol } = new URL(address, location.href);
  if (protocol !== "https:" && protocol !== "http:") throw new Error("The provider's address is not a web address.");
  location.assign(address);
}

/** Where one is, to come back to. */
export const here = (): string => ownPath(`${location.pathname}${location.search}`.slice(0, 512));
