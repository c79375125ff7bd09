/**
 * States that a simulation must have been in at some time, or it proves less than it says: counted for each history, and
 * asked for over many.
 */
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { Queues } from "./checks/Queues.ts"
import type { History } from "./History.ts"

/** Everything that must be reached. */
export const INTERESTING = [
  "guard conflict",
  "unknown that was stored",
  "unknown that was not stored",
  "unknown that was stored later",
  "takeover",
  "two owners",
  "a node that dies in the middle of a commit",
  "a client that gave up",
  "a command sent again after its answer",
  "claim granted",
  "claim held",
  "claim gone",
  "report recorded",
  "report refused",
  "announcements that the server lost",
  "an announcement that was stored twice",
  "offers that the server lost",
  "a run that died with its worker",
  "several missed ones run late",
  "run late at a pace",
  "late ones let one on time go first",
  "one that waited begins after an end",
  "a lost worker",
  "lost too often",
  "a counted retry",
  "come back later",
  "skipped: overlap",
  "skipped: catchUp",
  "skipped: dstGap",
  "skipped: paused",
  "skipped: skippedByUser",
  "skipped: superseded",
  "replaced",
  "expired",
  "paused after failures",
  "resumed by itself",
  "cancelled while one runs",
  "cancelled while others wait",
  "rescheduled",
  "restored",
  "undone or reverted",
  "an execution cancelled by hand",
  "one that runs is asked to stop",
  "an execution retried",
  "a step after another",
  "a step that failed",
  "completed",
  "started by the end of another",
  "an end that starts nothing",
  "refused revisionConflict",
  "full: concurrency",
  "full: rate",
  "full: keyConcurrency",
  "full: keyRate",
  "the urgent goes first",
  "a queue that goes on",
  "an owner woken for nothing",
  "nothing went wrong"
] as const

const ofEvents = (events: ReadonlyArray<TaskEvent>): ReadonlyArray<string> => {
  const late = events.filter(
    (event) => event.type === "due" && event.manual !== true && Date.parse(event.time) - Date.parse(event.dueAt) > 5000
  )
  return [
    ...(late.length > 1 ? ["several missed ones run late"] : []),
    ...events.flatMap((event): ReadonlyArray<string> => {
      switch (event.type) {
        case "retry":
          if (event.error.code === "lost") return ["a lost worker"]
          return [event.counted ? "a counted retry" : "come back later"]
        case "failure":
          if (event.error.code === "lost") return ["lost too often"]
          if (event.error.code === "expired") return ["expired"]
          if (event.causedBy.commandId.endsWith(".replaced")) return ["replaced"]
          if (event.byHand === true) return ["an execution cancelled by hand"]
          return event.stepName === undefined ? [] : ["a step that failed"]
        case "skipped":
          return [event.message === undefined ? `skipped: ${event.reason}` : "an end that starts nothing"]
        case "paused":
          return event.causedBy.actor === "scheduler" ? ["paused after failures"] : []
        case "resumed":
          return event.causedBy.actor === "scheduler" ? ["resumed by itself"] : []
        case "cancelled":
          return [event.executions.length > 0 ? "cancelled while others wait" : "cancelled while one runs"]
        case "stopping":
          return ["one that runs is asked to stop"]
        case "updated":
          return event.revertsTo === undefined ? [] : ["undone or reverted"]
        case "due":
          if (event.message !== undefined) return ["started by the end of another"]
          if (event.paced === true) return ["run late at a pace"]
          if (event.retryOf !== undefined) return ["an execution retried"]
          return event.stepName === undefined || event.stepName === "a" ? [] : ["a step after another"]
        case "rescheduled":
          return event.revertsTo === undefined ? ["rescheduled"] : ["undone or reverted"]
        case "restored":
        case "completed":
          return [event.type]
        default:
          return []
      }
    })
  ]
}

/** How often each state was reached. */
export const reached = (history: History): ReadonlyMap<string, number> => {
  const counts = new Map(history.reached)
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  for (const { events } of history.ledger.commits) for (const what of ofEvents(events)) count(what)
  const began = new Map<string, number>()
  for (const { attempt, endedAt, executionId } of history.runs) {
    const id = `${executionId}#${attempt}`
    if (began.has(id)) count("an attempt that ran twice")
    began.set(id, attempt)
    if (endedAt === null) count("a run that died with its worker")
  }
  const ran = new Set(history.runs.map(({ executionId }) => executionId))
  for (const { events } of history.ledger.tasks.values()) {
    const late = new Set<string>()
    for (const { event } of events) {
      if ("executionId" in event && event.type !== "due") late.delete(event.executionId)
      if (event.type === "due" && event.paced === true) late.add(event.executionId)
      else if (event.type === "due" && event.manual !== true && event.buffered !== true && late.size > 0) {
        count("late ones let one on time go first")
      }
      if (event.type === "due" && event.buffered === true && ran.has(event.executionId)) {
        count("one that waited begins after an end")
      }
    }
  }
  const told = new Set<string>()
  for (const { index, sequence } of history.heard) {
    const id = `${sequence}.${index}`
    if (told.has(id)) count("an announcement that was stored twice")
    told.add(id)
  }
  for (const what of new Set(new Queues(history).reached)) count(what)
  for (const { queue, revisions } of history.grants) {
    if (revisions[1] > 0 && history.ledger.queueAt(queue, revisions[1] - 1).isPaused) count("a queue that goes on")
  }
  if (history.plan.faults.length === 0) count("nothing went wrong")
  return counts
}
