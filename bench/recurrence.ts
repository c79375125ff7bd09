/** What reading and stepping cost, in microseconds, beside cron-parser, croner and rrule-temporal on the same expressions in the same run. */
import { CronExpressionParser } from "cron-parser"
import { Cron } from "croner"
import { Result } from "effect"
import { RRuleTemporal } from "rrule-temporal"
import { Temporal } from "temporal-polyfill"
import * as Occurrences from "../src/recurrence/Occurrences.ts"
import type { Recurrence } from "../src/recurrence/Recurrence.ts"
import * as When from "../src/recurrence/When.ts"
import { machine, print, row } from "./support/world.ts"

const NOW = Date.parse("2026-07-15T18:00:00.000Z")
const DAY = 86_400_000

/** Microseconds of one call: the best of five rounds, after one to warm up. */
const micros = (calls: number, run: (call: number) => void): number => {
  let best = Infinity
  for (let round = 0; round < 6; round++) {
    const began = performance.now()
    for (let call = 0; call < calls; call++) run(call)
    if (round > 0) best = Math.min(best, performance.now() - began)
  }
  return (best / calls) * 1000
}
const shown = (value: number): string => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en"))

/** A library that cannot step through these years says so instead of a figure. */
const orThrows = (measure: () => number): string => {
  try {
    return shown(measure())
  } catch (cause) {
    return `throws: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const read = (text: string, zone: string): Recurrence =>
  Result.getOrThrow(When.parse(text, { now: NOW, zone, taskId: "task" })).recurrence

print(`recurrence: ${machine()}`)
row("parse, µs", "ours", "cron-parser", "croner")
row("---", "---:", "---:", "---:")
for (const text of ["*/5 * * * *", "0 9 * * 1-5", "0 0 29 2 *"]) {
  row(
    `\`${text}\``,
    shown(micros(500, () => void read(text, "America/New_York"))),
    shown(micros(500, () => void CronExpressionParser.parse(text, { tz: "America/New_York" }))),
    shown(micros(500, () => void new Cron(text, { timezone: "America/New_York", paused: true })))
  )
}
for (const text of [
  "every weekday at 9:00 and 17:30",
  "every 2 weeks on monday at 9",
  "tomorrow at 2pm",
  "in 30 minutes"
]) {
  row(`\`${text}\``, shown(micros(300, () => void read(text, "America/New_York"))), "", "")
}

print("")
row("next, µs", "zone", "ours", "cron-parser", "croner")
row("---", "---", "---:", "---:", "---:")
for (const [text, zone] of [
  ["*/5 * * * *", "UTC"],
  ["0 9 * * *", "UTC"],
  ["*/5 * * * *", "America/New_York"],
  ["0 9 * * 1-5", "America/New_York"],
  ["0 0 29 2 *", "America/New_York"],
  ["0 9 * * *", "Australia/Lord_Howe"]
] as const) {
  const recurrence = read(text, zone)
  let at = NOW
  const ours = micros(2000, () => {
    at = Occurrences.next(recurrence, at) ?? NOW
    if (at > NOW + 3000 * DAY) at = NOW
  })
  let parsed = CronExpressionParser.parse(text, { tz: zone, currentDate: new Date(NOW) })
  let steps = 0
  const stepped = () => {
    const next = parsed.next()
    if (++steps % 900 === 0 || next.getTime() > NOW + 3000 * DAY) {
      parsed = CronExpressionParser.parse(text, { tz: zone, currentDate: new Date(NOW) })
    }
  }
  const cron = new Cron(text, { timezone: zone, paused: true })
  let from = new Date(NOW)
  const croner = micros(300, () => {
    from = cron.nextRun(from) ?? new Date(NOW)
    if (from.getTime() > NOW + 3000 * DAY) from = new Date(NOW)
  })
  row(
    `\`${text}\``,
    zone,
    shown(ours),
    orThrows(() => micros(300, stepped)),
    shown(croner)
  )
}

print("")
row("rule, next of one that began ten years ago, µs", "ours", "rrule-temporal")
row("---", "---:", "---:")
for (const rule of [
  "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;BYHOUR=9",
  "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17",
  "FREQ=MINUTELY;INTERVAL=7"
]) {
  const recurrence = read(`DTSTART:20160101T000000 RRULE:${rule}`, "UTC")
  let at = NOW
  const ours = micros(1000, () => {
    at = Occurrences.next(recurrence, at) ?? NOW
    if (at > NOW + 1000 * DAY) at = NOW
  })
  const oracle = new RRuleTemporal({ rruleString: `DTSTART:20160101T000000Z\nRRULE:${rule}` })
  const start = Temporal.Instant.fromEpochMilliseconds(NOW).toZonedDateTimeISO("UTC")
  let instant = start
  const theirs = micros(100, () => {
    instant = oracle.next(instant, false) ?? start
  })
  row(`\`${rule}\``, shown(ours), shown(theirs))
}

print("")
row("ten years of missed instants", "instants", "ms")
row("---", "---:", "---:")
for (const text of [
  "* * * * *",
  "* * * * * *",
  "every weekday at 9:00 and 17:30",
  "* * * * *; 30 * * * * *",
  "DTSTART:20100101T000000 RRULE:FREQ=MINUTELY"
]) {
  const recurrence = read(text, "America/New_York")
  const from = NOW - 3652 * DAY
  const counted = Occurrences.range(recurrence, from, NOW)?.count ?? 0
  row(
    `\`${text}\``,
    counted.toLocaleString("en"),
    shown(micros(1, () => void Occurrences.range(recurrence, from, NOW)) / 1000)
  )
}

print("")
let worst = { text: "", took: 0 }
for (const piece of [
  "5 minutes ",
  "every ",
  "at 9 and ",
  "monday, ",
  "; ",
  "1;",
  "FREQ=DAILY;",
  "*/1,",
  "mon-",
  "until ",
  "((",
  "𝟓 "
]) {
  for (const begin of ["", "every ", "0 0 ", "every monday at 9 until ", "FREQ=SECONDLY;BYSECOND=30;INTERVAL=60;"]) {
    const text = (begin + piece.repeat(256)).slice(0, When.MAX_LENGTH)
    const took = micros(1, () => void When.parse(text, { now: NOW, zone: "America/New_York", taskId: "task" }))
    if (took > worst.took) worst = { text, took }
  }
}
print(
  `worst of hostile texts of 256 characters: ${shown(worst.took / 1000)} ms (${JSON.stringify(worst.text.slice(0, 40))} …)`
)
