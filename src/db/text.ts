/** A LIKE pattern that finds the text anywhere, with `%`, `_` and `\` of the text taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
