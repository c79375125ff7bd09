/** Variables of the environment. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The value of a variable; an empty one counts as none. */
export const filled = (value: string | undefined): string | undefined => (value === "" ? undefined : value)
