/** What a cell holds at most, in characters, as spreadsheets have it. */
export const LONGEST_CELL = 32_767;
/** What all cells of a file hold together at most. */
export const MOST_TEXT = 32_000_000;
