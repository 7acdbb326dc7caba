const SPECIAL = /[\\*()\0]/g;

/** A value that stands for itself within a filter, whatever is in it. RFC 4515 section 3. */
export const escaped = (value: string): string =>
  value.replace(SPECIAL, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** The filter with its placeholders filled in; what is filled in cannot change the filter's shape. */
export const filterFor = (filter: string, values: { readonly login?: string; readonly dn?: string }): string =>
  filter.replace(/\{(login|dn)\}/g, (_, name: "login" | "dn") => escaped(values[name] ?? ""));

/** The filter that finds everybody: whatever is compared with the login name need only be there. */
export const everybody = (filter: string): string => filter.replaceAll("{login}", "*");

/** Names of the attributes that the filter compares with the login name. */
export const comparedWithLogin = (filter: string): string[] =>
  [...filter.matchAll(/\(\s*([A-Za-z][A-Za-z0-9-]*)[^()=]*=\s*\{login\}\s*\)/g)].map((found) => found[1] ?? "");
