/** Lengths of time in the short form of flags and tests. Pure. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["w", 7 * DAY],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1]
]

/** Milliseconds of `500ms`, `1s`, `5m`, `1h30m`, `1d`: whole numbers with units, larger units first; else undefined. */
export const parseDuration = (text: string): number | undefined => {
  if (!/^(\d{1,9}(ms|[wdhms]))+$/.test(text)) return undefined
  let total = 0
  let last = -1
  for (const [, amount = "", unit] of text.matchAll(/(\d+)(ms|[wdhms])/g)) {
    const index = UNITS.findIndex(([name]) => name === unit)
    if (index <= last) return undefined
    last = index
    total += Number(amount) * (UNITS[index]?.[1] ?? 0)
  }
  return Number.isSafeInteger(total) ? total : undefined
}
