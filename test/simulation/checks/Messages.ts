/**
 * Tasks that the ends of others start: each end, from the task's schedule on, is decided about once, in the order of the log,
 * and none is forgotten for longer than a healthy while.
 */
import type { TaskEvent } from "../../../src/events/TaskEvent.ts"
import type { History } from "../History.ts"
import type { Booked, Placed } from "../Ledger.ts"
import { latenessBound } from "./Schedule.ts"
import type { Violation } from "./Violation.ts"

/** An event, where it lies, and when it was stored. */
interface End {
  readonly id: string
  readonly event: TaskEvent
  readonly sequence: number
  readonly storedAt: number
}

/** While it listens: after a log sequence, until another one. */
interface Listening {
  readonly from: number
  to: number
  toAt: number
}

const isEnd = ({ definition, taskId }: Booked, event: TaskEvent): boolean => {
  const { recurrence } = definition
  if (recurrence.kind !== "after" || (event.type !== "success" && event.type !== "failure")) return false
  if (event.taskId === taskId || event.parentExecutionId !== undefined) return false
  if (!recurrence.tasks.includes(event.taskId)) return false
  if (recurrence.on === "end") return true
  if (recurrence.on === "success") return event.type === "success"
  return event.type === "failure" && event.error.code !== "cancelled"
}

const listening = ({ events }: Booked): ReadonlyArray<Listening> => {
  const all: Array<Listening> = []
  for (const { event, sequence, storedAt } of events) {
    const last = all.at(-1)
    if (event.type === "scheduled" || event.type === "restored")
      all.push({ from: sequence, to: Infinity, toAt: Infinity })
    else if ((event.type === "cancelled" || event.type === "completed") && last?.to === Infinity) {
      last.to = sequence
      last.toAt = storedAt
    }
  }
  return all
}

const ofTask = (history: History, task: Booked, ends: ReadonlyArray<End>): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const wrong = (what: string) => violations.push({ invariant: "startedOnce", what: `${task.taskId}: ${what}` })
  const open = listening(task)
  const own = ends.filter(({ event }) => isEnd(task, event))
  const decided = new Map<string, Placed>()
  let newest = 0
  let isPaused = false
  for (const placed of task.events) {
    const { event, sequence } = placed
    if (event.type === "paused" || event.type === "resumed") isPaused = event.type === "paused"
    if (event.type === "restored") isPaused = false
    if ((event.type !== "due" && event.type !== "skipped") || event.message === undefined) continue
    if (event.type === "due" && event.retryOf !== undefined) continue
    const { id } = event.message
    const end = own.find((one) => one.id === id)
    const at = open.find(({ from, to }) => from < sequence && sequence <= to)
    if (decided.has(id)) wrong(`event ${id} is decided about again at log sequence ${sequence}`)
    decided.set(id, placed)
    if (end === undefined) wrong(`log sequence ${sequence} is about event ${id}, which starts nothing`)
    else {
      if (at === undefined || end.sequence <= at.from)
        wrong(`log sequence ${sequence} is about ${id}, which came before`)
      const place = end.sequence + Number(id.split(".")[1]) / 1e6
      if (place < newest) wrong(`log sequence ${sequence} is about ${id} after one that came later`)
      newest = Math.max(newest, place)
    }
    if (event.type === "due" && isPaused) wrong(`${event.executionId} is due while it is paused`)
    if (event.type === "skipped" && event.reason === "paused" && !isPaused) wrong(`${id} is skipped, for it is paused`)
  }
  const bound = 5000 + 2 * latenessBound(history)
  for (const { id, sequence, storedAt } of own) {
    const at = open.find(({ from, to }) => from < sequence && sequence < to)
    if (at === undefined || decided.has(id)) continue
    const healthy = history.health.longest(storedAt, Math.min(at.toAt, history.healedAt + bound))
    if (healthy > bound) wrong(`event ${id} was decided about by nobody through ${healthy} healthy ms`)
  }
  return violations
}

export const messages = (history: History): ReadonlyArray<Violation> => {
  const started = [...history.ledger.tasks.values()].filter(({ definition }) => definition.recurrence.kind === "after")
  if (started.length === 0) return []
  const ends = history.ledger.commits.flatMap(({ events, sequence, storedAt }) =>
    events.flatMap((event, index): ReadonlyArray<End> =>
      event.type === "success" || event.type === "failure"
        ? [{ id: `${sequence}.${index}`, event, sequence, storedAt }]
        : []
    )
  )
  return started.flatMap((task) => ofTask(history, task, ends))
}
