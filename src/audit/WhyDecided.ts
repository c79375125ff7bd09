/** What was decided about an instant, as the log says it, and what became of it. */
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { EventOf } from "../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../recurrence/Instant.ts"
import * as Zone from "../recurrence/zone/Zone.ts"
import type { Fact, Skip, ToldExecution } from "./TaskHistory.ts"
import { type Asked, because, causeOf, gridAt, lengthOf, noSuchTime, type Told } from "./Told.ts"

/** Being decided later than this is worth a word, milliseconds. */
const LATE_MS = 5000

/** What the log says that was decided about the instant; undefined where it says nothing. */
export const decided = (asked: Asked): Told | undefined => {
  const at = fromMillis(asked.at)
  const executions = [...asked.history.executions.values()]
  const ofSchedule = executions.filter(({ due }) => due.manual !== true)
  // By its nominal instant, else by when it was due (later, where the task is spread or was late at a pace).
  const found =
    ofSchedule.find(({ due }) => due.nominalAt === at) ??
    ofSchedule.find(({ due }) => due.dueAt === at) ??
    executions.find(({ due }) => due.nominalAt === at)
  if (found !== undefined) return retried(asked, found, ran(asked, found))
  const skip = asked.history.skips.findLast((one) => covers(asked, one.event))
  return skip === undefined ? undefined : skipped(asked, skip)
}

/** With what became of it when it was done again by hand. */
const retried = (asked: Asked, { due }: ToldExecution, told: Told): Told => {
  const again = [...asked.history.executions.values()].filter((one) => one.due.retryOf === due.executionId)
  const last = again.at(-1)
  if (last === undefined) return told
  const [, words] = became(asked, last)
  const times = again.length === 1 ? "" : ` ${again.length} times, the last time`
  const sentence = `${told.sentence} It was done again${times} by ${last.due.causedBy.actor}: execution ${last.due.executionId} ${words}.`
  return { ...told, sentence }
}

const covers = (asked: Asked, { count, nominalAt, throughAt, ...event }: EventOf<"skipped">): boolean => {
  const [first, last] = [toMillis(nominalAt), toMillis(throughAt)]
  if (asked.at === first || asked.at === last) return true
  if (count < 2 || asked.at < first || asked.at > last) return false
  const time = toMillis(event.time)
  const inForce = asked.history.definitions.findLast((one) => one.time <= time)
  if (inForce === undefined) return false
  return gridAt(asked.history, { ...inForce, calendarsAt: event.calendarsAt ?? inForce.calendarsAt }).isOne(asked.at)
}

const ran = (asked: Asked, execution: ToldExecution): Told => {
  const { cancelled, due, lastError, logSequence, outcome, retries, started } = execution
  const dueAt = toMillis(due.dueAt)
  const begun = outcome?.startedAt ?? started?.startedAt ?? null
  const latenessMs = begun === null ? undefined : Math.max(0, toMillis(begun) - dueAt)
  const decidedAfterMs = toMillis(due.time) - dueAt
  const attempts = (outcome ?? started ?? due).attempt
  const error = outcome?.type === "failure" ? outcome.error : outcome === null ? lastError : null
  const [status, words] = became(asked, execution)
  const missed = decidedAfterMs > LATE_MS ? "; nobody was there to decide it before" : ""
  const byHand = due.manual === true ? ` by hand, on account of ${due.causedBy.actor}` : ""
  const again = retries === 0 ? "" : ` (${attempts} attempts)`
  const sentence =
    begun === null || latenessMs === undefined
      ? `It became due${byHand}: execution ${due.executionId} ${words}${missed}.`
      : `It ran${byHand}: execution ${due.executionId} began at ${asked.shown(toMillis(begun))}, ${lengthOf(latenessMs)} after it was due${missed}, and ${words}${again}.`
  return {
    verdict: "due",
    sentence,
    decision: {
      decidedAt: due.time,
      logSequence,
      decidedAfterMs,
      ...(latenessMs === undefined ? {} : { latenessMs }),
      executionId: due.executionId,
      status,
      attempts,
      ...(error === null ? {} : { error: { code: error.code, message: error.message } })
    },
    ...(due.manual === true
      ? { cause: causeOf({ logSequence, time: toMillis(due.time), revision: due.revision, causedBy: due.causedBy }) }
      : cancelled === null
        ? {}
        : { cause: causeOf(cancelled) })
  }
}

const became = (
  asked: Asked,
  { cancelled, due, lastError, outcome, retries, started }: ToldExecution
): readonly [status: string, words: string] => {
  if (cancelled !== null) {
    return [
      "cancelled",
      `never began: the task was cancelled by ${cancelled.causedBy.actor} at ${asked.shown(cancelled.time)}${because(cancelled)}`
    ]
  }
  if (outcome?.type === "success") return ["completed", `ended well after ${lengthOf(outcome.durationMs)}`]
  if (outcome?.type === "failure") {
    const { code, message } = outcome.error
    if (code === "cancelled") return ["cancelled", `was stopped: ${message}`]
    return ["failed", code === "expired" ? `was given up: ${message}` : `failed: ${message} (${code})`]
  }
  if (started !== null && retries < started.attempt) return ["running", `runs on worker ${started.worker}`]
  if (lastError !== null) return ["retrying", `waits for its next attempt; the last one failed: ${lastError.message}`]
  return due.buffered === true
    ? ["waitsForItsTurn", "waits, or has just begun, behind an earlier execution"]
    : ["queued", "waits for a worker, or has just begun"]
}

const skipped = (asked: Asked, { event, logSequence, open, pause }: Skip): Told => {
  const { causedBy, count, nominalAt, reason, revision, throughAt } = event
  const time = toMillis(event.time)
  const definition = asked.history.definitions.findLast((one) => one.time <= time)?.definition
  const fact: Fact = { logSequence, time, revision, causedBy }
  const [why, cause] = reasonOf(asked, event, open, pause, fact, definition)
  const stretch = count === 1 ? "" : `, one of ${count} instants up to ${asked.shown(toMillis(throughAt))}`
  return {
    verdict: reason === "skippedByUser" ? "leftOut" : reason === "dstGap" ? "lostInGap" : "skipped",
    sentence: `It was skipped${stretch}: ${why}.`,
    decision: {
      decidedAt: event.time,
      logSequence,
      decidedAfterMs: time - toMillis(throughAt),
      reason,
      ...(count === 1 ? {} : { first: nominalAt, last: throughAt, count }),
      ...(reason === "overlap" ? { openExecutions: open } : {})
    },
    ...(cause === undefined ? {} : { cause: causeOf(cause) })
  }
}

const reasonOf = (
  asked: Asked,
  event: EventOf<"skipped">,
  open: ReadonlyArray<string>,
  pause: Skip["pause"],
  fact: Fact,
  definition: TaskDefinition | undefined
): readonly [string, Fact | undefined] => {
  switch (event.reason) {
    case "overlap": {
      const [first, ...others] = open
      const rest = others.length === 0 ? "" : ` and ${others.length} more`
      return [
        first === undefined
          ? "an earlier execution was open"
          : `execution ${first}${rest} ${others.length === 0 ? "was" : "were"} still open, and the task's overlap policy lets no other begin`,
        undefined
      ]
    }
    case "paused": {
      if (pause === null) return ["the task was paused", undefined]
      const { resumed } = pause
      const until =
        resumed === null
          ? ""
          : ` until ${asked.shown(resumed.time)}${resumed.causedBy.actor === "scheduler" ? "" : ` (resumed by ${resumed.causedBy.actor})`}`
      return [
        `the task was paused by ${pause.causedBy.actor} from ${asked.shown(pause.time)}${until}${because(pause)}`,
        pause
      ]
    }
    case "catchUp":
      return [
        `nobody was there to decide it before ${asked.shown(fact.time)}, and the task's catch-up policy (${definition?.catchUp ?? "latest"}) does not run it so late`,
        undefined
      ]
    case "skippedByUser":
      return [`${fact.causedBy.actor} left it out at ${asked.shown(fact.time)}${because(fact)}`, fact]
    case "dstGap":
      return [takenAway(asked, definition?.timezone), undefined]
    case "superseded":
      return ["a newer instant that was due at the same time took its place", undefined]
    default:
      return [`${event.reason}${because(fact)}`, fact]
  }
}

/** In the words of the zone in which the task then was; also where newer rules of it know no such change. */
const takenAway = (asked: Asked, timezone: string | undefined): string => {
  const change = timezone === undefined ? null : Zone.lastTransition(timezone, asked.at)
  return timezone === undefined || change === null || change.at !== asked.at
    ? "the clocks went forward over its time of day, and the task's rule for such times is to skip them (--dst-gap skip)"
    : `its ${noSuchTime(asked, timezone, change)}`
}
