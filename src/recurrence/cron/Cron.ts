/**
 * Cron expressions: syntax, and matching on a wall clock without a zone (`local` times are milliseconds as if in UTC).
 *
 * Five fields (minute, hour, day of month, month, day of week) or six (seconds first); lists, ranges (also such that wrap),
 * steps, names, `L`, `L-3`, `15W`, `LW`, `5L`, `1#2`, `?`, 7 for Sunday, and `H` (a slot that the task's id decides). When both
 * day fields are restricted either may match (Vixie cron); a field that begins with `*` or `?` is not restricted.
 */
import { Result } from "effect"
import * as CronWall from "./CronWall.ts"
import type { Cron, Days } from "./CronWall.ts"

export interface CronProblem {
  readonly problem: string
  /** Offsets in the expression. */
  readonly start: number
  readonly end: number
}

const ALIASES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *"
}
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: ReadonlyArray<string>
}
const FIELDS: ReadonlyArray<Field> = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of month", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, names: MONTHS },
  { name: "day of week", min: 0, max: 7, names: WEEKDAYS }
]

/** What a field's text cannot mean. */
class Bad {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

const numberOf = (text: string, field: Field): number => {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1
  if (named >= 0) return named + (field.name === "month" ? 1 : 0)
  if (!/^\d+$/.test(text))
    throw new Bad(`${JSON.stringify(text)} is not ${field.name === "hour" ? "an" : "a"} ${field.name}`)
  const value = Number(text)
  if (value < field.min || value > field.max) {
    throw new Bad(
      `${text} is not ${field.name === "hour" ? "an" : "a"} ${field.name}: it is ${field.min} to ${field.max}`
    )
  }
  return value
}

const range = (from: number, to: number, field: Field): ReadonlyArray<number> => {
  const all: Array<number> = []
  const top = field.name === "day of week" ? 6 : field.max
  if (from <= to) for (let value = from; value <= to; value++) all.push(value)
  else {
    for (let value = from; value <= top; value++) all.push(value)
    for (let value = field.min; value <= to; value++) all.push(value)
  }
  return all
}

/** One entry of a list, without the special forms of days. */
const values = (entry: string, field: Field): ReadonlyArray<number> => {
  const [base = "", stepText, ...rest] = entry.split("/")
  if (rest.length > 0) throw new Bad(`${JSON.stringify(entry)} has more than one step`)
  const top = field.name === "day of week" ? 6 : field.max
  let all: ReadonlyArray<number>
  if (base === "*" || base === "?") all = range(field.min, top, field)
  else if (base.includes("-")) {
    const [from = "", to = "", ...more] = base.split("-")
    if (more.length > 0) throw new Bad(`${JSON.stringify(base)} is not a range`)
    all = range(numberOf(from, field), numberOf(to, field), field)
  } else {
    const from = numberOf(base, field)
    all = stepText === undefined ? [from] : range(from, top, field)
  }
  if (stepText === undefined) return all
  const step = Number(stepText)
  if (!/^\d+$/.test(stepText) || step < 1) throw new Bad(`${JSON.stringify(stepText)} is not a step: it is 1 or more`)
  if (step > top - field.min + 1) {
    throw new Bad(`a step of ${step} is longer than the ${field.name}s there are (${top - field.min + 1})`)
  }
  return all.filter((_, index) => index % step === 0)
}

const parseField = (text: string, field: Field): ReadonlySet<number> => {
  const all = new Set<number>()
  for (const entry of text.split(",")) {
    if (entry === "") throw new Bad(`the ${field.name} has an empty entry`)
    for (const value of values(entry, field)) all.add(field.name === "day of week" && value === 7 ? 0 : value)
  }
  return all
}

const parseDays = (text: string, field: Field): Days => {
  const plain: Array<string> = []
  const fromLast: Array<number> = []
  const nearest: Array<number> = []
  const nth: Array<readonly [number, number]> = []
  for (const entry of text.toUpperCase().split(",")) {
    const ofMonth = field.name === "day of month"
    const last = /^L(?:-(\d+))?$/.exec(entry)
    const working = /^(L|\d+)W$/.exec(entry)
    const lastOf = /^(\w+)L$/.exec(entry)
    const numbered = /^(\w+)#(\d)$/.exec(entry)
    if (ofMonth && last !== null) fromLast.push(Number(last[1] ?? 0))
    else if (ofMonth && working !== null) nearest.push(working[1] === "L" ? 0 : numberOf(working[1] ?? "", field))
    else if (!ofMonth && entry === "L") plain.push("6")
    else if (!ofMonth && lastOf !== null) nth.push([numberOf(lastOf[1] ?? "", field) % 7, -1])
    else if (!ofMonth && numbered !== null) {
      const n = Number(numbered[2])
      if (n < 1 || n > 5) throw new Bad(`${JSON.stringify(entry)}: a month has 1 to 5 of each weekday`)
      nth.push([numberOf(numbered[1] ?? "", field) % 7, n])
    } else plain.push(entry)
  }
  if (fromLast.some((days) => days > 30)) throw new Bad("no month is that long")
  return {
    restricted: !/^[*?]/.test(text),
    values: plain.length === 0 ? new Set() : parseField(plain.join(","), field),
    fromLast,
    nearest,
    nth
  }
}

/** `H`, `H/15`, `H(0-7)`, `H(0-29)/10`: slots that a hash decides, as plain cron. */
const resolveHash = (text: string, field: Field, hash: (name: string) => number): string =>
  text
    .split(",")
    .map((entry) => {
      const found = /^H(?:\((\d+)-(\d+)\))?(?:\/(\d+))?$/i.exec(entry)
      if (found === null) return entry
      const top = field.name === "day of month" ? 28 : field.name === "day of week" ? 6 : field.max
      const low = found[1] === undefined ? field.min : numberOf(found[1], field)
      const high = found[2] === undefined ? top : numberOf(found[2], field)
      if (high < low) throw new Bad(`${JSON.stringify(entry)} is not a range`)
      const step = found[3] === undefined ? undefined : Number(found[3])
      const width = step === undefined ? high - low + 1 : Math.min(step, high - low + 1)
      if (step === 0) throw new Bad("0 is not a step: it is 1 or more")
      const slot = low + (hash(field.name) % Math.max(1, width))
      return step === undefined ? String(slot) : `${slot}-${high}/${step}`
    })
    .join(",")

/**
 * Reads an expression; `hash` decides the slots of `H`. What can never occur is refused.
 */
export const parse = (text: string, hash: (name: string) => number): Result.Result<Cron, CronProblem> => {
  const trimmed = text.trim()
  const fail = (problem: string, start = 0, end = trimmed.length) => Result.fail({ problem, start, end })
  const alias = ALIASES[trimmed.toLowerCase()]
  if (trimmed.startsWith("@") && alias === undefined) {
    return fail(`${JSON.stringify(trimmed)} is not an alias; known are ${Object.keys(ALIASES).join(", ")}`)
  }
  const places = [...(alias ?? trimmed).matchAll(/\S+/g)].map((match) => ({ word: match[0], start: match.index }))
  if (places.length !== 5 && places.length !== 6) {
    return fail(`cron has 5 fields (or 6, with seconds first), this has ${places.length}`)
  }
  const words = places.length === 5 ? [{ word: "0", start: 0 }, ...places] : places
  const fields: Array<string> = []
  for (const [index, { start, word }] of words.entries()) {
    const field = FIELDS[index]
    if (field === undefined) continue
    try {
      const resolved = resolveHash(word, field, hash)
      if (index === 3 || index === 5) parseDays(resolved, field)
      else parseField(resolved, field)
      // A list that begins with every value is every value.
      fields.push(resolved.startsWith("*,") ? "*" : resolved.toUpperCase())
    } catch (cause) {
      if (!(cause instanceof Bad)) throw cause
      return alias === undefined ? fail(cause.problem, start, start + word.length) : fail(cause.problem)
    }
  }
  const cron = compile(fields.join(" "))
  if (CronWall.next(cron, Date.UTC(2024, 0, 1)) === null) return fail(`${JSON.stringify(trimmed)} never occurs`)
  return Result.succeed(cron)
}

/** A resolved expression of six fields, as `parse` makes it. */
export const compile = (expression: string): Cron => {
  const [second = "", minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = expression.split(" ")
  const field = (index: number): Field => FIELDS[index] ?? { name: "", min: 0, max: 0 }
  const sorted = (text: string, index: number) => [...parseField(text, field(index))].sort((a, b) => a - b)
  return {
    expression,
    seconds: sorted(second, 0),
    minutes: sorted(minute, 1),
    hours: sorted(hour, 2),
    months: parseField(month, field(4)),
    dayOfMonth: parseDays(dayOfMonth, field(3)),
    dayOfWeek: parseDays(dayOfWeek, field(5))
  }
}

/** Whether an expression of six fields follows real time rather than the clock on the wall: its minute or hour begin with `*`. */
export const followsRealTime = (expression: string): boolean => /^\S+ (?:\*|\S+ \*)/.test(expression)
