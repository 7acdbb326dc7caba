/** Text that a column of this length takes; what is too long ends in an ellipsis. */
export function storable(text: string, length: number): string {
  const clean = text.replaceAll("\0", "").toWellFormed();
  return clean.length <= length ? clean : `${clean.slice(0, length - 1).toWellFormed()}…`;
}
