/** What it costs to look a year ahead at ten thousand tasks, each with a schedule of its own. */
import { loadOf, type LoadTask } from "../src/audit/Load.ts"
import * as When from "../src/recurrence/When.ts"
import { machine, print, row } from "./support/world.ts"

const TASKS = 10_000
const FROM = Date.parse("2026-01-01T00:00:00.000Z")
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
const WORDS = [
  "H * * * *",
  "H H * * *",
  "H 9-17 * * 1-5",
  "*/15 * * * *",
  "every 10 minutes",
  "every last friday of the month at 17:00",
  "every 2 weeks on monday at 9"
]

const cpu = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1e6
}

const tasks = Array.from({ length: TASKS }, (_, index): LoadTask => {
  const [taskId, timezone] = [`task-${index}`, ZONES[index % ZONES.length] ?? "UTC"]
  const read = When.parse(WORDS[index % WORDS.length] ?? "", { now: FROM + index * 1000, zone: timezone, taskId })
  if (read._tag === "Failure") throw read.failure
  return {
    taskId,
    taskName: taskId,
    recurrence: read.success.recurrence,
    timezone,
    startAt: null,
    endAt: null,
    maxRuns: null,
    // Each task by itself: none is counted together with another.
    offsetMs: index,
    overlap: "skip",
    runs: 0,
    usualMs: 1000
  }
})

const begin = cpu()
const report = loadOf(tasks, { from: FROM, to: FROM + 365 * 86_400_000, timezone: "UTC", daysOf: () => [] })
const spent = cpu() - begin

print(`simulate: ${machine()}\n`)
row("a year of", "runs", "seconds of one processor", "runs/s")
row("---", "---:", "---:", "---:")
row(
  `${TASKS.toLocaleString("en")} tasks`,
  report.runs.toLocaleString("en"),
  spent.toFixed(1),
  Math.round(report.runs / spent).toLocaleString("en")
)
