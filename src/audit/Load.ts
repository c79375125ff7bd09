/**
 * The load to come: how many runs of these tasks begin in each minute of a stretch of time, in virtual time. Every run is counted, none is
 * guessed: a cron on the clock has the same times on each day that it names, so a day is enumerated once; nights on which the
 * clocks change, and days that a bound cuts, are enumerated by themselves.
 */
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import { fromMillis, type Instant, toMillis } from "../recurrence/Instant.ts"
import * as Occurrences from "../recurrence/Occurrences.ts"
import * as Series from "../recurrence/Series.ts"
import * as Spread from "../recurrence/Spread.ts"
import * as Zone from "../recurrence/zone/Zone.ts"

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000
/** Longest stretch: a year and a day. */
export const MAX_STRETCH_MS = 367 * DAY
/** Instants by which the shortest distance of a task is known. */
const LOOKED_AT = 100
/** Of tasks, minutes and the like, how many are told. */
const TOLD = 5
/** A minute of the hour with so many times its share is a herd. */
const HERD = 3

type Timed = Pick<
  TaskDefinition,
  "recurrence" | "timezone" | "startAt" | "endAt" | "maxRuns" | "offsetMs" | "exclude" | "overlap"
>

export interface LoadTask extends Timed {
  readonly taskId: string
  readonly taskName: string
  readonly runs: number
  /** How long its executions usually take, milliseconds; null where none is known. */
  readonly usualMs: number | null
}

export interface LoadOptions {
  readonly from: number
  readonly to: number
  /** In which hours and minutes are shown. */
  readonly timezone: string
  /** As if every recurring task were spread over so long. */
  readonly spreadMs?: number | undefined
  daysOf(exclude: ReadonlyArray<string>): ReadonlyArray<Days>
}

export interface LoadReport {
  readonly from: Instant
  readonly to: Instant
  readonly timezone: string
  readonly tasks: number
  readonly runs: number
  /** Runs by hour of the day (24) and minute of the hour (60). */
  readonly heat: ReadonlyArray<ReadonlyArray<number>>
  readonly peakMinutes: ReadonlyArray<{ readonly at: Instant; readonly runs: number }>
  readonly peakHours: ReadonlyArray<{ readonly at: Instant; readonly runs: number; readonly atWork: number }>
  /** Executions at work at a time, on average, by how long they usually take. */
  readonly atWork: number
  readonly busiest: ReadonlyArray<{ readonly taskId: string; readonly taskName: string; readonly runs: number }>
  /** The minute of the hour at which too many begin; null where none stands out. */
  readonly herd: {
    readonly minute: number
    readonly share: number
    readonly tasks: number
    readonly most: ReadonlyArray<{ readonly taskId: string; readonly taskName: string; readonly runs: number }>
  } | null
  /** Tasks that usually take longer than the shortest distance between their runs. */
  readonly overlapping: ReadonlyArray<{
    readonly taskId: string
    readonly taskName: string
    readonly everyMs: number
    readonly usualMs: number
    readonly overlap: TaskDefinition["overlap"]
  }>
  /** What changes of the clocks do. */
  readonly clocks: ReadonlyArray<{
    readonly at: Instant
    readonly timezone: string
    /** By how much the clocks go forward (or, below 0, back). */
    readonly shiftMs: number
    readonly lost: number
    readonly moved: number
    readonly onceOnly: number
    readonly twice: number
  }>
}

/** One day's times: minutes after that of midnight at which runs begin, and how many. */
interface DayTimes {
  readonly first: number
  readonly minutes: ReadonlyArray<readonly [minute: number, runs: number]>
  readonly runs: number
}

/** Counts of one schedule, which several tasks may have. */
interface Counted {
  readonly runs: number
  readonly byMinute: Uint32Array
}

class Minutes {
  readonly buckets: Uint32Array
  readonly #from: number
  readonly #to: number

  constructor(from: number, to: number) {
    this.buckets = new Uint32Array(Math.ceil((to - from) / MINUTE))
    this.#from = from
    this.#to = to
  }

  /** Counts every run of a schedule for `weight` tasks. */
  count(task: Timed & { readonly runs: number }, days: ReadonlyArray<Days>, weight: number): Counted {
    const { maxRuns, offsetMs = 0, recurrence } = task
    const series = Series.of(task, recurrence.kind === "once" ? [] : days)
    const byMinute = new Uint32Array(60)
    const { buckets } = this
    const allowed = maxRuns === null ? Infinity : maxRuns - task.runs
    const counted = { runs: 0, byMinute }
    const add = (minute: number, count: number) => {
      buckets[minute] = (buckets[minute] ?? 0) + count * weight
      const ofHour = minute % 60
      byMinute[ofHour] = (byMinute[ofHour] ?? 0) + count
      counted.runs += count
    }
    const [from, to] = [this.#from - offsetMs, this.#to - offsetMs]
    const minuteOf = (at: number) => Math.floor((at - from) / MINUTE)
    const regular = new RegularDays(task)
    let at = series.next(from - 1)
    if (recurrence.kind === "interval" && days.length === 0) {
      const end = Math.min(to, task.endAt === null ? Infinity : toMillis(task.endAt) + 1)
      for (; at !== null && at < end && counted.runs < allowed; at += recurrence.everyMs) add(minuteOf(at), 1)
      return counted
    }
    while (at !== null && at < to && counted.runs < allowed) {
      const day = regular.dayOf(at)
      const times = day !== null && day >= from && day + DAY <= to ? regular.timesOf(day, at, series, minuteOf) : null
      if (day !== null && times !== null && times.runs <= allowed - counted.runs) {
        const begin = minuteOf(day)
        for (const [minute, count] of times.minutes) add(begin + minute, count)
        at = series.next(day + DAY - 1)
        continue
      }
      add(minuteOf(at), 1)
      at = series.next(at)
    }
    return counted
  }
}

/** The days on which a schedule on the clock has its usual times. */
class RegularDays {
  readonly #zone: string | null
  readonly #begins: number
  readonly #ends: number
  #times: DayTimes | null = null

  constructor({ endAt, exclude = [], recurrence, startAt, timezone }: Timed) {
    const isOne = recurrence.kind === "cron" && (exclude.length === 0 || timezone === recurrence.timezone)
    this.#zone = isOne ? recurrence.timezone : null
    this.#begins = startAt === null ? -Infinity : toMillis(startAt)
    this.#ends = endAt === null ? Infinity : toMillis(endAt)
  }

  /** The instant at which the regular day around an instant begins; null where it is not regular. */
  dayOf(at: number): number | null {
    const zone = this.#zone
    if (zone === null) return null
    const offset = Zone.offsetAt(zone, at)
    const day = Math.floor((at + offset) / DAY) * DAY - offset
    const change = Zone.nextTransition(zone, day - DAY)
    // A repeated hour may lie on both sides of midnight.
    if (change !== null && change.at < day + 2 * DAY) return null
    return day < this.#begins || day + DAY > this.#ends ? null : day
  }

  /** Its times, where the day begins with `at` as it always does. */
  timesOf(day: number, at: number, series: Series.Series, minuteOf: (at: number) => number): DayTimes | null {
    const known = this.#times
    if (known !== null) return known.first === at - day ? known : null
    const minutes = new Map<number, number>()
    let runs = 0
    for (let one: number | null = at; one !== null && one < day + DAY; one = series.next(one)) {
      const minute = minuteOf(one) - minuteOf(day)
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
      runs += 1
    }
    this.#times = { first: at - day, minutes: [...minutes], runs }
    return this.#times
  }
}

/** Tasks with the same schedule are counted together. */
const keyOf = ({ maxRuns, offsetMs = 0, taskId, ...task }: LoadTask): string =>
  maxRuns === null
    ? JSON.stringify([task.recurrence, task.timezone, task.startAt, task.endAt, task.exclude ?? [], offsetMs])
    : taskId

const spreadOut = (task: LoadTask, spreadMs: number | undefined, from: number): LoadTask =>
  spreadMs === undefined || task.recurrence.kind === "once"
    ? task
    : { ...task, offsetMs: Spread.offset(task.taskId, spreadMs, Series.of(task), from) }

const most = <Item extends { readonly runs: number }>(items: ReadonlyArray<Item>): ReadonlyArray<Item> =>
  items.toSorted((a, b) => b.runs - a.runs).slice(0, TOLD)

export const loadOf = (all: ReadonlyArray<LoadTask>, options: LoadOptions): LoadReport => {
  const from = Math.floor(options.from / HOUR) * HOUR
  const to = Math.ceil(options.to / HOUR) * HOUR
  const { timezone } = options
  const groups = new Map<string, Array<LoadTask>>()
  for (const one of all) {
    const task = spreadOut(one, options.spreadMs, from)
    const key = keyOf(task)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [task])
    else group.push(task)
  }
  const minutes = new Minutes(from, to)
  const shift = ((Zone.offsetAt(timezone, from) / MINUTE) % 60) + 60
  const each: Array<{ readonly task: LoadTask; readonly runs: number; readonly byMinute: Uint32Array }> = []
  const workByHour = new Float64Array(minutes.buckets.length / 60)
  let atWork = 0
  for (const group of groups.values()) {
    const [task] = group
    if (task === undefined) continue
    const counted = minutes.count(task, options.daysOf(task.exclude ?? []), group.length)
    for (const one of group) {
      each.push({ task: one, ...counted })
      atWork += counted.runs * (one.usualMs ?? 0)
    }
  }
  const heat = Array.from({ length: 24 }, () => Array.from({ length: 60 }, () => 0))
  const byMinute = Array.from({ length: 60 }, () => 0)
  const hours: Array<{ readonly index: number; readonly runs: number }> = []
  let runs = 0
  for (let hour = 0; hour < workByHour.length; hour++) {
    const begin = from + hour * HOUR
    const offset = Zone.offsetAt(timezone, begin)
    let ofHour = 0
    for (let minute = 0; minute < 60; minute++) {
      const count = minutes.buckets[hour * 60 + minute] ?? 0
      if (count === 0) continue
      const local = new Date(begin + minute * MINUTE + offset)
      const row = heat[local.getUTCHours()]
      const column = local.getUTCMinutes()
      if (row !== undefined) row[column] = (row[column] ?? 0) + count
      byMinute[column] = (byMinute[column] ?? 0) + count
      ofHour += count
    }
    runs += ofHour
    if (ofHour > 0) hours.push({ index: hour, runs: ofHour })
  }
  const usual = runs === 0 ? 0 : atWork / runs
  const peak = [...minutes.buckets.keys()].reduce<Array<{ readonly index: number; readonly runs: number }>>(
    (best, index) => {
      const count = minutes.buckets[index] ?? 0
      if (count === 0 || (best.length === TOLD && count <= (best.at(-1)?.runs ?? 0))) return best
      return [...best, { index, runs: count }].sort((a, b) => b.runs - a.runs).slice(0, TOLD)
    },
    []
  )
  const named = ({ taskId, taskName }: LoadTask) => ({ taskId, taskName })
  return {
    from: fromMillis(from),
    to: fromMillis(to),
    timezone,
    tasks: all.length,
    runs,
    heat,
    peakMinutes: peak.map(({ index, runs: count }) => ({ at: fromMillis(from + index * MINUTE), runs: count })),
    peakHours: most(hours).map(({ index, runs: count }) => ({
      at: fromMillis(from + index * HOUR),
      runs: count,
      atWork: (count * usual) / HOUR
    })),
    atWork: atWork / Math.max(1, to - from),
    busiest: most(each.map(({ runs: count, task }) => ({ ...named(task), runs: count }))),
    herd: herdOf(byMinute, runs, each, shift, named),
    overlapping: each.flatMap(({ task }) => overlapping(task, options, from)).slice(0, 100),
    clocks: clocksOf([...groups.values()], from, to)
  }
}

const herdOf = (
  byMinute: ReadonlyArray<number>,
  runs: number,
  each: ReadonlyArray<{ readonly task: LoadTask; readonly byMinute: Uint32Array }>,
  shift: number,
  named: (task: LoadTask) => { readonly taskId: string; readonly taskName: string }
): LoadReport["herd"] => {
  const minute = byMinute.reduce((best, count, index) => (count > (byMinute[best] ?? 0) ? index : best), 0)
  const share = runs === 0 ? 0 : (byMinute[minute] ?? 0) / runs
  const there = each
    .map(({ byMinute: own, task }) => ({ ...named(task), runs: own[(minute - shift + 120) % 60] ?? 0 }))
    .filter((task) => task.runs > 0)
  return share < HERD / 60 || there.length < 10 ? null : { minute, share, tasks: there.length, most: most(there) }
}

const overlapping = (task: LoadTask, options: LoadOptions, from: number): LoadReport["overlapping"] => {
  const { overlap, taskId, taskName, usualMs } = task
  if (usualMs === null || task.recurrence.kind === "once") return []
  const instants = Series.of(task, options.daysOf(task.exclude ?? [])).first(from - 1, LOOKED_AT)
  const everyMs = instants.reduce(
    (least, at, index) => (index === 0 ? least : Math.min(least, at - (instants[index - 1] ?? 0))),
    Infinity
  )
  return everyMs < usualMs ? [{ taskId, taskName, everyMs, usualMs, overlap }] : []
}

/** What each change of the clocks does to how many tasks. */
const clocksOf = (groups: ReadonlyArray<ReadonlyArray<LoadTask>>, from: number, to: number): LoadReport["clocks"] => {
  const found = new Map<
    string,
    { at: number; timezone: string; shiftMs: number; lost: number; moved: number; onceOnly: number; twice: number }
  >()
  for (const group of groups) {
    const [task] = group
    if (task === undefined) continue
    for (const part of Occurrences.partsOf(task.recurrence)) {
      if (!Occurrences.onTheClock(part)) continue
      const { timezone } = part
      for (
        let change = Zone.nextTransition(timezone, from - 1, 1);
        change !== null && change.at < to;
        change = Zone.nextTransition(timezone, change.at, 1)
      ) {
        const shiftMs = change.after - change.before
        const key = `${change.at} ${timezone}`
        const told = found.get(key) ?? { at: change.at, timezone, shiftMs, lost: 0, moved: 0, onceOnly: 0, twice: 0 }
        const count = (policy: Pick<Partial<Occurrences.OnTheClock>, "gap" | "overlap">, begin: number, end: number) =>
          Occurrences.range({ ...part, ...policy } as typeof part, begin - 1, end - 1)?.count ?? 0
        if (shiftMs > 0) {
          const own = count({}, change.at, change.at + shiftMs)
          const skipping = count({ gap: "skip" }, change.at, change.at + shiftMs)
          if (Occurrences.lost(part, change.at - 1, change.at).length > 0) told.lost += group.length
          else if (!Occurrences.followsRealTime(part) && own > skipping) told.moved += group.length
        } else {
          const own = count({}, change.at + shiftMs, change.at - shiftMs)
          const both = count({ overlap: "both" }, change.at + shiftMs, change.at - shiftMs)
          const first = count({ overlap: "first" }, change.at + shiftMs, change.at - shiftMs)
          if (own < both) told.onceOnly += group.length
          else if (both > first) told.twice += group.length
        }
        found.set(key, told)
      }
    }
  }
  return [...found.values()]
    .filter(({ lost, moved, onceOnly, twice }) => lost + moved + onceOnly + twice > 0)
    .sort((a, b) => a.at - b.at)
    .map((one) => ({ ...one, at: fromMillis(one.at) }))
}
