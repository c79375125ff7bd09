/**
 * What every command answers to a task of every status, and what it leads to: the whole life of a task as one table. Each
 * cell: the answer (a refusal, or the events), then the phase that follows and what is open.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import { type Asked, done, everySecond, failed, History, START } from "../../support/task.ts"

const MINUTE = 60_000
const at = (minute: number): string => executionIdOf("task-1", START + minute * MINUTE)

/** Every minute, one retry a second later, waiting in line: one of minute 1 has failed for good. */
const minutely = (): History => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), overlap: "bufferAll", maxRetries: 0, expiresMs: 3_600_000 })
  task.at(MINUTE).wake()
  task.claim(at(1))
  task.at(MINUTE + 1000).report(at(1), failed)
  task.command({ type: "change", ifRevision: undefined, apply: (definition) => renamed(definition, "second name", 1) })
  return task
}
type Change = Extract<Asked, { readonly type: "change" }>
const renamed = (definition: Parameters<Change["apply"]>[0], taskName: string, maxRetries: number) =>
  Result.succeed({ definition: { ...definition, taskName, maxRetries }, timed: false })

/** Each status, with the execution that commands about one are about. */
const statuses: Readonly<Record<string, () => readonly [task: History, execution: string]>> = {
  scheduled: () => [minutely().at(90_000), at(1)],
  paused: () => {
    const task = minutely()
    task.at(90_000).command({ type: "pause", until: null })
    return [task, at(1)]
  },
  running: () => {
    const task = minutely()
    task.at(2 * MINUTE).wake()
    task.claim(at(2))
    return [task.at(2 * MINUTE + 500), at(2)]
  },
  retrying: () => {
    const task = minutely()
    task.at(2 * MINUTE).wake()
    task.claim(at(2))
    task.report(at(2), failed)
    return [task.at(2 * MINUTE + 500), at(2)]
  },
  buffered: () => {
    const task = minutely()
    task.at(2 * MINUTE).wake()
    task.claim(at(2))
    for (let now = 2 * MINUTE; now <= 3 * MINUTE; now += 5000) {
      task.at(now).beat(at(2))
      task.wake()
    }
    return [task, at(3)]
  },
  completed: () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), maxRuns: 1 })
    task.at(MINUTE).wake()
    task.claim(at(1))
    task.report(at(1), done)
    return [task.at(90_000), at(1)]
  },
  failed: () => {
    const task = new History()
    task.schedule({ maxRetries: 0 })
    task.at(MINUTE).wake()
    task.claim(at(1))
    task.report(at(1), failed)
    return [task.at(90_000), at(1)]
  },
  cancelled: () => {
    const task = minutely().at(90_000)
    task.cancel()
    return [task, at(1)]
  }
}

const commands: Readonly<Record<string, (execution: string) => Asked>> = {
  cancel: () => ({ type: "cancel" }),
  cancelExecution: (executionId) => ({ type: "cancelExecution", executionId }),
  cancelWaiting: () => ({ type: "cancelWaiting" }),
  run: () => ({ type: "run", fromStep: undefined }),
  retry: (executionId) => ({ type: "retry", executionId, fromStart: false, endedAt: undefined }),
  pause: () => ({ type: "pause", until: null }),
  resume: () => ({ type: "resume" }),
  skip: () => ({ type: "skip", at: START + 10 * MINUTE }),
  backfill: () => ({ type: "backfill", from: START, to: START + MINUTE + 1, atOnce: false }),
  update: () => ({
    type: "change",
    ifRevision: undefined,
    apply: (definition) => renamed(definition, "third name", 0)
  }),
  reschedule: () => ({
    type: "change",
    ifRevision: undefined,
    apply: (definition) => Result.succeed({ definition: { ...definition, recurrence: everySecond(7) }, timed: true })
  }),
  undo: () => ({ type: "revert", toRevision: undefined, ifRevision: undefined }),
  revert: () => ({ type: "revert", toRevision: 1, ifRevision: undefined }),
  restore: () => ({ type: "restore", allowPast: false })
}

/** `phase: what is open`, by the minute of each execution and its stage. */
const standing = ({ state }: History): string => {
  if (state === undefined) return "nothing"
  const open =
    state._tag === "live"
      ? state.executions.map(({ manual, nominalAt, stage, stopping }) => {
          const minute = manual === true ? "by hand" : String((Date.parse(nominalAt) - START) / MINUTE)
          return `${minute} ${stopping === undefined ? stage._tag : "stopping"}`
        })
      : []
  return `${state.phase}${open.length === 0 ? "" : `: ${open.join(", ")}`}`
}

const cell = (command: string, status: string): string => {
  const made = statuses[status]?.()
  const ask = commands[command]
  if (made === undefined || ask === undefined) return ""
  const [task, execution] = made
  const before = standing(task)
  const answer = task.command(ask(execution))
  if (answer.startsWith("refused")) assert.strictEqual(standing(task), before, "what is refused changes nothing")
  return answer.startsWith("refused") ? answer : `${answer} → ${standing(task)}`
}

const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cancel: {
    scheduled: "cancelled → cancelled",
    paused: "cancelled → cancelled",
    running: "started 1, cancelled → cancelled: 2 stopping",
    retrying: "cancelled → cancelled",
    buffered: "cancelled → cancelled: 2 stopping",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused alreadyCancelled"
  },
  cancelExecution: {
    scheduled: "refused ended",
    paused: "refused ended",
    running: "started 1, stopping → scheduled: 2 stopping",
    retrying: "failure 2 cancelled → scheduled",
    buffered: "failure 1 cancelled → scheduled: 2 claimed",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  cancelWaiting: {
    scheduled: "refused nothingWaits",
    paused: "refused nothingWaits",
    running: "refused nothingWaits",
    retrying: "refused nothingWaits",
    buffered: "failure 1 cancelled → scheduled: 2 claimed",
    completed: "refused nothingWaits",
    failed: "refused nothingWaits",
    cancelled: "refused nothingWaits"
  },
  run: {
    scheduled: "due 90 → scheduled: by hand offered",
    paused: "due 90 → paused: by hand offered",
    running: "due 120.5 → scheduled: 2 claimed, by hand offered",
    retrying: "due 120.5 → scheduled: 2 waiting, by hand offered",
    buffered: "due 180 → scheduled: 2 claimed, 3 buffered, by hand offered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  retry: {
    scheduled: "due 60 → scheduled: by hand offered",
    paused: "due 60 → paused: by hand offered",
    running: "refused notEnded",
    retrying: "refused notEnded",
    buffered: "refused notEnded",
    completed: "refused succeeded",
    failed: "due 60 → completed: by hand offered",
    cancelled: "due 60 → cancelled: by hand offered"
  },
  pause: {
    scheduled: "paused → paused",
    paused: "paused → paused",
    running: "paused → paused: 2 claimed",
    retrying: "paused → paused: 2 waiting",
    buffered: "paused → paused: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  resume: {
    scheduled: "refused notPaused",
    paused: "resumed → scheduled",
    running: "refused notPaused",
    retrying: "refused notPaused",
    buffered: "refused notPaused",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  skip: {
    scheduled: "skipped skippedByUser 600-600 (1) → scheduled",
    paused: "skipped skippedByUser 600-600 (1) → paused",
    running: "skipped skippedByUser 600-600 (1) → scheduled: 2 claimed",
    retrying: "skipped skippedByUser 600-600 (1) → scheduled: 2 waiting",
    buffered: "skipped skippedByUser 600-600 (1) → scheduled: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  backfill: {
    scheduled: "due 0, due 60 → scheduled: by hand offered, by hand buffered",
    paused: "due 0, due 60 → paused: by hand offered, by hand buffered",
    running: "due 0, due 60 → scheduled: 2 claimed, by hand offered, by hand buffered",
    retrying: "due 0, due 60 → scheduled: 2 waiting, by hand offered, by hand buffered",
    buffered: "due 0, due 60 → scheduled: 2 claimed, 3 buffered, by hand offered, by hand buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  update: {
    scheduled: "updated → scheduled",
    paused: "updated → paused",
    running: "updated → scheduled: 2 claimed",
    retrying: "updated → scheduled: 2 waiting",
    buffered: "updated → scheduled: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  reschedule: {
    scheduled: "rescheduled → scheduled",
    paused: "rescheduled → paused",
    running: "rescheduled → scheduled: 2 claimed",
    retrying: "rescheduled → scheduled: 2 waiting",
    buffered: "rescheduled → scheduled: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  undo: {
    scheduled: "updated → scheduled",
    paused: "updated → paused",
    running: "updated → scheduled: 2 claimed",
    retrying: "updated → scheduled: 2 waiting",
    buffered: "updated → scheduled: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  revert: {
    scheduled: "updated → scheduled",
    paused: "updated → paused",
    running: "updated → scheduled: 2 claimed",
    retrying: "updated → scheduled: 2 waiting",
    buffered: "updated → scheduled: 2 claimed, 3 buffered",
    completed: "refused ended",
    failed: "refused ended",
    cancelled: "refused ended"
  },
  restore: {
    scheduled: "refused notOver",
    paused: "refused notOver",
    running: "refused notOver",
    retrying: "refused notOver",
    buffered: "refused notOver",
    completed: "refused invalidSchedule",
    failed: "refused invalidSchedule",
    cancelled: "restored → scheduled"
  }
}

describe("every command, asked of a task of every status", () => {
  for (const [command, row] of Object.entries(TABLE)) {
    for (const [status, expected] of Object.entries(row)) {
      it(`${command}, ${status}: ${expected}`, () => {
        assert.strictEqual(cell(command, status), expected)
      })
    }
  }

  it("stands in the table", () => {
    const all = Object.fromEntries(
      Object.keys(commands).map((command) => [
        command,
        Object.fromEntries(Object.keys(statuses).map((status) => [status, cell(command, status)]))
      ])
    )
    assert.deepStrictEqual(all, TABLE)
  })
})
