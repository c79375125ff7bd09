/** Whatever owners, workers and clocks do in whatever order: what must hold of a task, read from its events. */
import { assert, describe, it } from "@effect/vitest"
import { evolve } from "../../src/actors/task/Evolve.ts"
import type { TaskState } from "../../src/actors/task/TaskState.ts"
import type { CatchUp, ExecutionOverlap } from "../../src/events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../src/recurrence/Instant.ts"
import type { Outcome } from "../../src/work/Work.ts"
import { pick, randomOf } from "../support/random.ts"
import { failed, History, RULES, START } from "../support/task.ts"

const MINUTE = 60_000
const OVERLAPS: ReadonlyArray<ExecutionOverlap> = [
  "skip",
  "bufferOne",
  "bufferAll",
  "cancelOther",
  "terminateOther",
  "allowAll"
]
const CATCH_UPS: ReadonlyArray<CatchUp> = ["none", "latest", "earliest", "all"]
const OUTCOMES: ReadonlyArray<Outcome> = [
  { outcome: "done", result: null },
  { outcome: "done", result: null },
  failed,
  { outcome: "cancelled", error: { code: "cancelled", message: "" } },
  { outcome: "comeBackLater", delayMs: 5000, error: { code: "busy", message: "" } }
]

const isOver = ({ phase }: TaskState): boolean => phase !== "scheduled" && phase !== "paused"

interface Played {
  readonly task: History
  readonly overlap: ExecutionOverlap
}

/** One life of a task; the same for the same seed. */
const play = (seed: number): Played => {
  const random = randomOf(seed)
  const chance = (share: number): boolean => random() < share
  const overlap = pick(random, OVERLAPS)
  const task = new History()
  task.schedule({
    recurrence: { kind: "interval", everyMs: MINUTE, anchorAt: fromMillis(START) },
    overlap,
    catchUp: pick(random, CATCH_UPS),
    catchUpWindowMs: pick(random, [5 * MINUTE, 86_400_000]),
    maxRetries: pick(random, [0, 2]),
    ...(chance(0.3) ? { expiresMs: pick(random, [20_000, 90_000]) } : {}),
    ...(chance(0.3) ? { pauseAfterFailures: 2 } : {})
  })
  let commands = 0
  const origin = () => ({ taskId: task.taskId, causedBy: { commandId: `x${commands++}`, actor: "test" } })
  for (let turn = 0; turn < 120; turn++) {
    const elapsed = pick(random, [0, 1000, 7000, 20_000, MINUTE, 4 * MINUTE])
    task.at(task.now - START + elapsed)
    const act = random()
    if (act < 0.04) task.decide({ type: "pause", ...origin(), until: chance(0.5) ? null : task.now + 3 * MINUTE })
    else if (act < 0.1) task.decide({ type: "resume", ...origin() })
    else if (act < 0.14) {
      const at = START + (Math.floor((task.now - START) / MINUTE) + 1 + Math.floor(random() * 4)) * MINUTE
      task.decide({ type: "skip", ...origin(), at })
    } else if (act < 0.18) task.run()
    else if (act < 0.2 && task.now - START > 5 * MINUTE) {
      const from = START + Math.floor(random() * 4) * MINUTE
      task.decide({ type: "backfill", ...origin(), from, to: from + 2 * MINUTE, atOnce: chance(0.3) })
    } else if (act < 0.203) task.cancel()
    else if (act < 0.21) task.command({ type: "cancelWaiting" })
    else if (act < 0.24) {
      const open = task.state?._tag === "live" ? task.state.executions : []
      if (open.length > 0) task.command({ type: "cancelExecution", executionId: pick(random, open).executionId })
    } else if (act < 0.27) {
      const over = task.log.filter(ends)
      if (over.length > 0) {
        const { executionId } = pick(random, over)
        task.command({ type: "retry", executionId, fromStart: false, endedAt: undefined })
      }
    }
    task.wake()
    if (task.state !== undefined && isOver(task.state) && chance(0.8)) {
      task.command({ type: "restore", allowPast: false })
    }
    const { state } = task
    if (state?._tag !== "live") continue
    for (const { attempt, executionId, stage } of state.executions) {
      const worker = `w${Math.floor(random() * 2)}`
      if (stage._tag === "claimed" && chance(0.7)) task.beat(executionId, attempt, stage.worker)
      if (chance(0.5)) task.claim(executionId, attempt, worker)
      if (chance(0.35)) task.report(executionId, pick(random, OUTCOMES), attempt, worker)
    }
  }
  return { task, overlap }
}

const isDue = (event: TaskEvent): event is EventOf<"due"> => event.type === "due"
const ends = (event: TaskEvent): event is EventOf<"success"> | EventOf<"failure"> =>
  event.type === "success" || event.type === "failure"

/** Minutes after the start that the schedule has decided about, in the order of the decisions. */
const decided = (log: ReadonlyArray<TaskEvent>): ReadonlyArray<number> =>
  log.flatMap((event): ReadonlyArray<number> => {
    if (isDue(event)) return event.manual === true ? [] : [(toMillis(event.nominalAt) - START) / MINUTE]
    if (event.type !== "skipped") return []
    const first = (toMillis(event.nominalAt) - START) / MINUTE
    const last = (toMillis(event.throughAt) - START) / MINUTE
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })

const check = (seed: number): string => {
  const { overlap, task } = play(seed)
  const { log, state } = task
  const where = `seed ${seed} (${overlap})`

  // Every instant up to the newest decision has exactly one: what was left out by hand lies within other stretches.
  const byHand = new Set(decided(log.filter((event) => event.type === "skipped" && event.reason === "skippedByUser")))
  const others = decided(log.filter((event) => event.type !== "skipped" || event.reason !== "skippedByUser")).filter(
    (minute) => !byHand.has(minute)
  )
  assert.strictEqual(new Set(others).size, others.length, `${where}: an instant was decided twice`)
  const newest = Math.max(0, ...others)
  // While it was cancelled nothing was decided, and what passed meanwhile does not come back.
  const away = new Set<number>()
  let since: number | null = null
  for (const [index, event] of log.entries()) {
    // What had come by then, and was not decided yet, went with it.
    if (event.type === "cancelled") {
      since = Math.max(0, ...decided(log.slice(0, index)).filter((one) => !byHand.has(one))) + 1
    }
    if (event.type !== "restored" || since === null) continue
    for (let minute = since; START + minute * MINUTE <= toMillis(event.time); minute++) away.add(minute)
    since = null
  }
  const gaps = Array.from({ length: newest }, (_, index) => index + 1).filter(
    (minute) => !byHand.has(minute) && !others.includes(minute) && !away.has(minute)
  )
  assert.deepStrictEqual(gaps, [], `${where}: instants that nobody has decided about`)
  const counted = log.flatMap((event) => (event.type === "skipped" && event.reason !== "skippedByUser" ? [event] : []))
  for (const { count, nominalAt, throughAt } of counted) {
    const minutes = decided([{ ...counted[0], nominalAt, throughAt } as TaskEvent]).filter((one) => !byHand.has(one))
    assert.isAtMost(Math.abs(minutes.length - count), byHand.size, `${where}: a stretch is counted wrongly`)
  }

  // An execution becomes due once, ends at most once, and does nothing after its end.
  const due = log.filter(isDue).map(({ executionId }) => executionId)
  assert.strictEqual(new Set(due).size, due.length, `${where}: an execution became due twice`)
  const over = new Set<string>()
  for (const event of log) {
    if (!("executionId" in event)) continue
    assert.isFalse(over.has(event.executionId), `${where}: ${event.type} of ${event.executionId} after its end`)
    if (ends(event)) over.add(event.executionId)
  }

  // Nothing of the schedule becomes due while the task is paused.
  let paused = false
  for (const event of log) {
    if (event.type === "paused") paused = true
    else if (event.type === "resumed" || event.type === "restored") paused = false
    else if (paused && isDue(event)) assert.isTrue(event.manual, `${where}: due while paused`)
  }

  // Whoever reads the log knows what its owner knows.
  const read = log.reduce<TaskState | undefined>(
    (before, event) => evolve(before, event, { sequence: 1 }, RULES.leaseMs),
    undefined
  )
  assert.strictEqual(read?._tag, state?._tag, where)
  if (read?._tag === "live" && state?._tag === "live") {
    const open = ({ executions }: typeof state) =>
      executions.map(({ attempt, executionId, failed: tries, stage }) => [
        executionId,
        attempt,
        tries,
        stage._tag === "buffered"
      ])
    assert.deepStrictEqual(open(read), open(state), where)
    const { failuresInARow, leftOut, nextAt, pausedUntil, phase, revision, runs } = state
    assert.deepInclude(read, { failuresInARow, leftOut, nextAt, pausedUntil, phase, revision, runs }, where)
    // Whoever waits for its turn waits for something.
    const lane = (manual: boolean) => state.executions.filter((one) => (one.manual === true) === manual)
    for (const executions of [lane(true), lane(false)]) {
      if (executions.length > 0)
        assert.isTrue(
          executions.some(({ stage }) => stage._tag !== "buffered"),
          where
        )
    }
    const begun = lane(false).filter(({ stage }) => stage._tag !== "buffered").length
    if (overlap !== "allowAll") assert.isAtMost(begun, 1, `${where}: more than one at a time`)
  }
  return log.map(({ type }) => type).join(" ")
}

describe("two thousand lives of a task", () => {
  it("decide every instant once, end every execution once, and follow from their events", () => {
    const lives = Array.from({ length: 2000 }, (_, seed) => check(seed + 1)).join(" ")
    // The test would prove nothing if these did not happen.
    for (const type of [
      "due",
      "skipped",
      "retry",
      "failure",
      "success",
      "started",
      "paused",
      "resumed",
      "cancelled",
      "restored",
      "stopping"
    ]) {
      assert.isAbove(lives.split(type).length, 100, type)
    }
  }, 120_000)
})
