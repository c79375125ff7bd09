/** Sets of subjects with wildcards: which of them overlap, and which cover which. Pure. */

const ANY = "*"
const REST = ">"

/** Whether every subject that one pattern matches is matched by the other. */
export const covers = (pattern: string, other: string): boolean => {
  const [wide, narrow] = [pattern.split("."), other.split(".")]
  for (const [index, token] of wide.entries()) {
    const against = narrow[index]
    if (token === REST) return against !== undefined
    if (against === undefined || against === REST) return false
    if (token !== ANY && token !== against) return false
  }
  return wide.length === narrow.length
}

/** Whether some subject is matched by both. */
export const overlap = (one: string, other: string): boolean => {
  const [a, b] = [one.split("."), other.split(".")]
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [first, second] = [a[index], b[index]]
    if (first === undefined || second === undefined) return false
    if (first === REST || second === REST) return true
    if (first !== ANY && second !== ANY && first !== second) return false
  }
  return true
}

/** The narrowest pattern that covers both of two that overlap. */
const joined = (one: string, other: string): string => {
  const [a, b] = [one.split("."), other.split(".")]
  const tokens: Array<string> = []
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [first, second] = [a[index] ?? REST, b[index] ?? REST]
    if (first === REST || second === REST) return [...tokens, REST].join(".")
    tokens.push(first === second ? first : ANY)
  }
  return tokens.join(".")
}

/** Patterns that together cover all of these and of which no two overlap: what one stream may hold. In order, without doubles. */
export const disjoint = (patterns: ReadonlyArray<string>): ReadonlyArray<string> => {
  const kept: Array<string> = []
  for (const pattern of patterns) {
    let whole = pattern
    for (let index = kept.findIndex((one) => overlap(one, whole)); index >= 0;) {
      whole = joined(whole, kept.splice(index, 1)[0] ?? whole)
      index = kept.findIndex((one) => overlap(one, whole))
    }
    kept.push(whole)
  }
  return kept.sort()
}
