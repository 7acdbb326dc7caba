/** The Chinese texts of an area: every key of the English ones, but one form where English has singular and plural. */
export type Chinese<T> = {
  readonly [K in keyof T as K extends `${string}_one` ? never : K]: T[K] extends string ? string : Chinese<T[K]>;
};
