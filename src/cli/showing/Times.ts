/** Instants and durations for people; an instant always shows its offset. Pure: now is an argument. */
import { toMillis } from "../../recurrence/Instant.ts"
import { localText, toLocal } from "../../recurrence/zone/Zone.ts"

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/** `Sun 2026-03-08 03:00:00 -04:00`: an instant (RFC 3339) as the clocks of the zone show it. */
export const localTime = (instant: string, zone: string): string => {
  const at = toMillis(instant)
  const text = localText(zone, at)
  const weekday = WEEKDAYS[new Date(toLocal(zone, at)).getUTCDay()] ?? ""
  return `${weekday} ${text.slice(0, 10)} ${text.slice(11, 19)} ${text.slice(23)}`
}

/** `3 h 20 min`: at most two units, rounded down; below a second `350 ms`. */
export const durationText = (millis: number): string => {
  if (millis < SECOND) return `${Math.round(millis)} ms`
  if (millis < 10 * SECOND) return `${(Math.floor(millis / 100) / 10).toString()} s`
  const two = (big: number, bigName: string, small: number, smallName: string) => {
    const whole = Math.floor(millis / big)
    const rest = Math.floor((millis - whole * big) / small)
    return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`
  }
  if (millis < MINUTE) return `${Math.floor(millis / SECOND)} s`
  if (millis < HOUR) return two(MINUTE, "min", SECOND, "s")
  if (millis < DAY) return two(HOUR, "h", MINUTE, "min")
  return two(DAY, "d", HOUR, "h")
}

/** `in 3 h`, `2 min ago`, `now` (within half a second). */
export const relativeTime = (instant: string, now: number): string => {
  const distance = Math.round((Date.parse(instant) - now) / SECOND) * SECOND
  if (distance === 0) return "now"
  return distance > 0 ? `in ${durationText(distance)}` : `${durationText(-distance)} ago`
}
