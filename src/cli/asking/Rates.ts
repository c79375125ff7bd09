/** Rates as people write them: `100/1m` is a hundred a minute. Pure. */
import { MAX_PER_MS, type Rate } from "../../events/Rate.ts"
import { parseDuration } from "../../recurrence/Duration.ts"

/** What a rate looks like, for help and refusals. */
export const RATES = "a number and the time it is for, such as 100/1m, 5/1s or 1000/1h"

/** `100/1m`, `100/m`; undefined where it is none, or its time is longer than a day. */
export const parseRate = (text: string): Rate | undefined => {
  const [, number = "", time = ""] = /^(\d{1,7})\/(.+)$/.exec(text) ?? []
  const count = Number(number)
  const perMs = parseDuration(/^\d/.test(time) ? time : `1${time}`)
  return count >= 1 && count <= 1_000_000 && perMs !== undefined && perMs >= 1 && perMs <= MAX_PER_MS
    ? { count, perMs }
    : undefined
}

const UNITS: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1]
]

/** As `parseRate` reads it. */
export const rateText = ({ count, perMs }: Rate): string => {
  const [name, millis] = UNITS.find(([, one]) => perMs % one === 0) ?? ["ms", 1]
  return `${count}/${perMs / millis}${name}`
}
