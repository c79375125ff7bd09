/** ISO 8601: instants with an offset, local times of the zone, and durations from now. Strict. */
import { other, type Reading, refused, type WhenOptions } from "./Reading.ts"
import { daysInMonth } from "./zone/Wall.ts"
import { ahead, place } from "./zone/WallClock.ts"
import * as Zone from "./zone/Zone.ts"

const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?$/
const DATE = /^\d{4}-\d\d-\d\d$/
const DURATION = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

export const read = (text: string, options: WhenOptions): Reading => {
  if (/^\d{7,}$/.test(text)) return refused("a bare number is not read as an instant; write it as 2026-07-27T14:30:00Z")
  if (/^P[\dT]/.test(text)) return duration(text, options)
  if (!/^\d{4}-/.test(text)) return other
  const bareDate = DATE.test(text)
  const found = TIME.exec(bareDate ? `${text}T00:00` : text)
  if (found === null) return refused("this is no ISO 8601 time; write it as 2026-07-27T14:30 or 2026-07-27T14:30:00Z")
  const number = (index: number): number => Number(found[index] ?? 0)
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number)
  if (year === undefined || month === undefined || day === undefined) return other
  if (month < 1 || month > 12) return refused(`there is no month ${found[2]}`, 5, 7)
  if (day < 1 || day > daysInMonth(year, month - 1)) return refused(`there is no day ${found[3]} in that month`, 8, 10)
  if (bareDate) return refused(`a date needs a time: ${text}T09:00`)
  if ((hour ?? 0) > 23) return refused(`there is no hour ${found[4]}: it is 00 to 23`, 11, 13)
  if ((minute ?? 0) > 59) return refused(`there is no minute ${found[5]}`, 14, 16)
  if ((second ?? 0) > 59) return refused(`there is no second ${found[6]}`, 17, 19)
  const fraction = Math.floor(Number(`0.${found[7] ?? 0}`) * 1000)
  const local = Date.UTC(year, month - 1, day, hour, minute, second, fraction)
  const offset = found[8]
  if (offset !== undefined) {
    const ms = offsetOf(offset)
    if (ms === null) return refused(`there is no offset ${offset}`, text.length - offset.length, text.length)
    return { _tag: "instant", at: local - ms, words: `at ${text}` }
  }
  const placed = place(options.zone, local, options.gap, options.overlap)
  if (placed === null) return refused("that time does not exist on that day (the clocks go forward)")
  return {
    _tag: "instant",
    at: placed.at,
    words: `at ${Zone.localText(options.zone, placed.at)}`,
    ...(placed.note === undefined ? {} : { notes: [placed.note] })
  }
}

const offsetOf = (text: string): number | null => {
  if (text.toUpperCase() === "Z") return 0
  const digits = text.slice(1).replace(":", "").padEnd(4, "0")
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2))
  if (hours > 14 || minutes > 59) return null
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const duration = (text: string, options: WhenOptions): Reading => {
  const found = DURATION.exec(text)
  if (found === null || text.endsWith("T") || text === "P") {
    return refused("this is no ISO 8601 duration, such as PT30M or P1DT12H")
  }
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0))
  const placed = ahead(options.zone, options.now, {
    months: years * 12 + months,
    days: weeks * 7 + days,
    ms: ((hours * 60 + minutes) * 60 + seconds) * 1000
  })
  if (placed === null) return refused("that is more than 10 years away")
  return {
    _tag: "instant",
    at: placed.at,
    words: `${text} from now`,
    ...(placed.note === undefined ? {} : { notes: [placed.note] })
  }
}
