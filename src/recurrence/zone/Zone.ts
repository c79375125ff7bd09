/**
 * Time zones: what the wall clock of an IANA zone shows at an instant, and which instants show a wall-clock time.
 *
 * The data are those of the runtime (`tzdataVersion`). Offsets are exact to the second; what a zone does is found once a
 * year and zone, and remembered.
 */
import { fromMillis } from "../Instant.ts"
import { nearest } from "../Near.ts"

const DAY = 86_400_000

/** Version of the zone database that all answers here follow from, such as `2026a`. */
export const tzdataVersion: string = process.versions["tz"] ?? "unknown"

/** In no database, and known without one: the runtime needs long to open its own. */
const UTC = "UTC"

const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    era: "short"
  })
  formats.set(zone, made)
  return made
}

/** Whether this is the name of a zone (not an offset such as `+02:00`). */
export const isZone = (name: string): boolean => {
  if (name === UTC) return true
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** The zone whose name is most like this one; undefined when none is. */
export const suggestZone = (name: string): string | undefined => {
  const wanted = name.toLowerCase().replace(/\s+/g, "_")
  return nearest(
    wanted,
    Intl.supportedValuesOf("timeZone"),
    (zone) => [zone.toLowerCase(), zone.slice(zone.lastIndexOf("/") + 1).toLowerCase()],
    Math.max(2, Math.floor(wanted.length / 4))
  )
}

/** Offset east of Greenwich by the runtime's data, milliseconds. */
const readOffset = (zone: string, at: number): number => {
  const part: Record<string, string> = {}
  for (const { type, value } of formatOf(zone).formatToParts(at)) part[type] = value
  const year = part["era"] === "BC" ? 1 - Number(part["year"]) : Number(part["year"])
  const local = Date.UTC(
    year,
    Number(part["month"]) - 1,
    Number(part["day"]),
    Number(part["hour"]),
    Number(part["minute"]),
    Number(part["second"])
  )
  return local - Math.floor(at / 1000) * 1000
}

/** A change of a zone's offset, at an instant. */
export interface Transition {
  readonly at: number
  readonly before: number
  readonly after: number
}

interface Year {
  readonly first: number
  readonly transitions: ReadonlyArray<Transition>
}

const years = new Map<string, Year>()

/** Offsets are looked up this often: no zone changes its clocks and back within it. */
const LOOK = 7 * DAY

const readYear = (zone: string, year: number): Year => {
  if (zone === UTC) return { first: 0, transitions: [] }
  const from = Date.UTC(year, 0, 1)
  const to = Date.UTC(year + 1, 0, 1)
  const first = readOffset(zone, from)
  const transitions: Array<Transition> = []
  let before = first
  for (let at = from; at < to; at += LOOK) {
    const end = Math.min(at + LOOK, to)
    const after = readOffset(zone, end)
    if (after === before) continue
    let low = at
    let high = end
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000
      if (readOffset(zone, middle) === before) low = middle
      else high = middle
    }
    transitions.push({ at: high, before, after })
    before = after
  }
  return { first, transitions }
}

const yearOf = (zone: string, year: number): Year => {
  const key = `${zone} ${year}`
  const known = years.get(key)
  if (known !== undefined) return known
  const read = readYear(zone, year)
  years.set(key, read)
  return read
}

const utcYear = (at: number): number => new Date(at).getUTCFullYear()

/** Offset east of Greenwich at an instant, milliseconds. */
export const offsetAt = (zone: string, at: number): number => {
  const { first, transitions } = yearOf(zone, utcYear(at))
  let offset = first
  for (const transition of transitions) {
    if (transition.at > at) break
    offset = transition.after
  }
  return offset
}

/** The first change of offset after an instant, within `horizonYears`; null when there is none. */
export const nextTransition = (zone: string, after: number, horizonYears = 1): Transition | null => {
  const from = utcYear(after)
  for (let year = from; year <= from + horizonYears; year++) {
    for (const transition of yearOf(zone, year).transitions) if (transition.at > after) return transition
  }
  return null
}

/** The newest change of offset at or before an instant, within the year before it; null when there is none. */
export const lastTransition = (zone: string, at: number): Transition | null => {
  for (let year = utcYear(at); year >= utcYear(at) - 1; year--) {
    const found = yearOf(zone, year).transitions.findLast((transition) => transition.at <= at)
    if (found !== undefined) return found
  }
  return null
}

/** The wall clock as if it were UTC, milliseconds. */
export const toLocal = (zone: string, at: number): number => at + offsetAt(zone, at)

/** Instants at which the wall clock shows this time, earliest first: usually one, none in a gap, two in a repeated hour. */
export const instantsOf = (zone: string, local: number): ReadonlyArray<number> => {
  const offsets = new Set([
    offsetAt(zone, local - DAY - DAY / 2),
    offsetAt(zone, local),
    offsetAt(zone, local + DAY + DAY / 2)
  ])
  return [...offsets]
    .map((offset) => local - offset)
    .filter((at) => toLocal(zone, at) === local)
    .sort((a, b) => a - b)
}

/** The gap of a zone in which a wall-clock time lies, as the change that makes it; null when the time exists. */
export const gapAround = (zone: string, local: number): Transition | null => {
  for (
    let transition = nextTransition(zone, local - 2 * DAY, 1);
    transition !== null && transition.at <= local + 2 * DAY;
    transition = nextTransition(zone, transition.at, 1)
  ) {
    if (local >= transition.at + transition.before && local < transition.at + transition.after) return transition
  }
  return null
}

const pad = (value: number, length = 2): string => String(value).padStart(length, "0")

/** `-04:00` */
export const offsetText = (offset: number): string => {
  const minutes = Math.abs(Math.trunc(offset / 60_000))
  return `${offset < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

/** The wall clock with its offset: `2026-03-08T03:00:00.000-04:00`. */
export const localText = (zone: string, at: number): string => {
  const offset = offsetAt(zone, at)
  return `${fromMillis(at + offset).slice(0, -1)}${offsetText(offset)}`
}
