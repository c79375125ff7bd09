/**
 * What it costs to check a log of a million events: from the stored text to the findings, in one process. Measured beside it:
 * what reading and hashing alone cost.
 */
import { Verification } from "../src/audit/Verify.ts"
import * as Commit from "../src/events/Commit.ts"
import { hashOf } from "../src/events/EventLog.ts"
import { executionIdAt } from "../src/events/ExecutionId.ts"
import { fromMillis } from "../src/recurrence/Instant.ts"
import * as Occurrences from "../src/recurrence/Occurrences.ts"
import * as When from "../src/recurrence/When.ts"

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Milliseconds of the processor that this thread has had: others on the machine do not count. */
const cpu = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (user + system) / 1000
}

const TASKS = 1000
const EVENTS = Number(process.argv[2] ?? 1_000_000)
const PARTITIONS = 16
const START = Date.parse("2026-01-01T00:00:00.000Z")
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
const WORDS = ["*/5 * * * *", "every 10 minutes", "H * * * *", "0 9,17 * * 1-5", "every 90 seconds"]

const taskOf = (index: number) => {
  const timezone = ZONES[index % ZONES.length] ?? "UTC"
  const taskId = `task-${index}`
  const words = WORDS[index % WORDS.length] ?? ""
  const parsed = When.parse(words, { now: START, zone: timezone, taskId })
  if (parsed._tag === "Failure") throw parsed.failure
  return { taskId, timezone, words, recurrence: parsed.success.recurrence }
}

const common = (taskId: string, time: number) => ({
  version: 1,
  time: fromMillis(time),
  taskId,
  taskName: "backup",
  taskType: "shell_command",
  scheduleType: "recurring",
  revision: 1,
  causedBy: { commandId: `${taskId}@${time}`, actor: "scheduler" }
})

/** A log as owners write it: each partition's commits in its order, one a turn. */
function* log(): Generator<{ readonly sequence: number; readonly text: string; readonly events: number }> {
  const ends = Array.from({ length: PARTITIONS }, () => ({ sequence: 0, hash: "" }))
  let sequence = 0
  const commit = (partition: number, time: number, events: ReadonlyArray<object>) => {
    const end = ends[partition] ?? { sequence: 0, hash: "" }
    sequence += 1
    const head = {
      commitId: `node.${partition}.${sequence}`,
      partition,
      time: fromMillis(time),
      previousSequence: end.sequence,
      previousHash: end.hash
    }
    const text = Commit.encode(
      head,
      events.map((event) => JSON.stringify(event))
    )
    ends[partition] = { sequence, hash: hashOf(text) }
    return { sequence, text, events: events.length }
  }
  const tasks = Array.from({ length: TASKS }, (_, index) => ({
    ...taskOf(index),
    partition: index % PARTITIONS,
    at: 0
  }))
  let made = 0
  for (const task of tasks) {
    const { recurrence, taskId, timezone, words } = task
    task.at = Occurrences.next(recurrence, START) ?? 0
    const definition = {
      taskType: "shell_command",
      taskName: "backup",
      description: "",
      taskArgs: { command: "true" },
      scheduleSpec: words,
      understoodAs: words,
      recurrence,
      timezone,
      queue: "shell_command",
      priority: 0,
      tags: [],
      overlap: "skip",
      catchUp: "latest",
      catchUpWindowMs: 86_400_000,
      maxRetries: 3,
      backoffMs: 1000,
      timeoutMs: 300_000,
      hardTimeoutMs: 600_000,
      startAt: null,
      endAt: null,
      maxRuns: null,
      createdBy: "bench",
      fingerprint: "f"
    }
    const event = {
      type: "scheduled",
      ...common(taskId, START),
      nextAt: fromMillis(task.at),
      definition,
      tzdata: "bench"
    }
    made += 1
    yield commit(task.partition, START, [event])
  }
  for (let now = START; made < EVENTS; now += 10_000) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const events: Array<object> = []
      for (const task of tasks) {
        if (task.partition !== partition) continue
        while (task.at <= now) {
          const nominalAt = fromMillis(task.at)
          const executionId = executionIdAt(task.taskId, nominalAt)
          task.at = Occurrences.next(task.recurrence, task.at) ?? Infinity
          const occurrence = { executionId, nominalAt, dueAt: nominalAt, attempt: 1 }
          events.push({ type: "due", ...common(task.taskId, now), ...occurrence, nextAt: fromMillis(task.at) })
          events.push({
            type: "success",
            ...common(task.taskId, now + 500),
            ...occurrence,
            worker: "host.1.node",
            startedAt: fromMillis(now + 5),
            finishedAt: fromMillis(now + 405),
            durationMs: 400,
            result: { exitCode: 0, signal: null, stdout: "done\n", stderr: "", truncated: false }
          })
        }
      }
      if (events.length === 0) continue
      made += events.length
      yield commit(partition, now + 500, events)
    }
  }
}

interface Part {
  readonly name: string
  take(line: { readonly sequence: number; readonly text: string }): void
  spent: number
}

const verification = new Verification()
const parts: ReadonlyArray<Part> = [
  {
    name: "audit verify, from the stored text to the findings",
    take: ({ sequence, text }) => verification.text(sequence, text, 0),
    spent: 0
  },
  { name: "SHA-256 and JSON.parse alone", take: ({ text }) => void [hashOf(text), JSON.parse(text)], spent: 0 }
]
let events = 0
let commits = 0
let bytes = 0
for (const line of log()) {
  events += line.events
  commits += 1
  bytes += line.text.length
  for (const part of parts) {
    const begin = cpu()
    part.take(line)
    part.spent += cpu() - begin
  }
}
const report = verification.end()
if (!report.ok) throw new Error(`findings in a log without any: ${JSON.stringify(report.findings.slice(0, 3))}`)

print(
  `a log of ${events.toLocaleString("en")} events in ${commits.toLocaleString("en")} commits, ${Math.round(bytes / 1e6)} MB, ${TASKS} tasks in ${ZONES.length} zones\n`
)
print("|  | events/s | seconds of one processor |")
print("| --- | ---: | ---: |")
for (const { name, spent } of parts) {
  print(`| ${name} | ${Math.round((events * 1000) / spent).toLocaleString("en")} | ${(spent / 1000).toFixed(1)} |`)
}
print(`\nmemory at the end: ${Math.round(process.memoryUsage().rss / 1e6)} MB`)
