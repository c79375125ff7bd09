/** Why nothing was decided about an instant, or nothing yet: explained by the definitions, pauses and end of its task. */
import * as Exclusions from "../recurrence/Exclusions.ts"
import { toMillis } from "../recurrence/Instant.ts"
import * as Occurrences from "../recurrence/Occurrences.ts"
import { isByMessage } from "../recurrence/Recurrence.ts"
import * as Zone from "../recurrence/zone/Zone.ts"
import type { Grid } from "./Grid.ts"
import type { Definition, Fact } from "./TaskHistory.ts"
import { type Asked, because, causeOf, gridAt, lastBefore, lengthOf, noSuchTime, type Told } from "./Told.ts"

/** Within this after an instant an end or an edit may have come before the decision, milliseconds. */
const NEAR_MS = 60_000

export const undecided = (asked: Asked, inForce: Definition): Told => {
  const { definitions } = asked.history
  const over = asked.history.overAt(asked.at)
  const [created] = definitions
  const at = asked.at
  if (isByMessage(inForce.definition.recurrence)) {
    return {
      verdict: "byMessage",
      sentence: `Messages start this task (${inForce.definition.understoodAs}): it has no instants, and no message of that instant was decided about.`
    }
  }
  if (created !== undefined && at < created.time) {
    return {
      verdict: "beforeCreated",
      sentence: `The task did not exist: it was scheduled by ${created.causedBy.actor} at ${asked.shown(created.time)}.`,
      cause: causeOf(created)
    }
  }
  const grid = gridAt(asked.history, inForce)
  if (over !== null) {
    const would = grid.isOne(at) ? " It would have been an instant of its schedule." : ""
    const { restored } = over
    const again =
      restored === null
        ? ""
        : `, and went on when ${restored.causedBy.actor} restored it at ${asked.shown(restored.time)}`
    return over.kind === "cancelled"
      ? {
          verdict: "afterCancelled",
          sentence: `The task was cancelled by ${over.causedBy.actor} at ${asked.shown(over.time)}${because(over)}${again}.${would}`,
          cause: causeOf(over)
        }
      : afterCompleted(asked, inForce, over)
  }
  return grid.isOne(at) ? instant(asked, inForce, grid) : noInstant(asked, inForce, grid)
}

const afterCompleted = (asked: Asked, { definition }: Definition, over: Fact): Told => {
  const { maxRuns } = definition
  const reached = maxRuns !== null && asked.history.runs >= maxRuns
  const why = reached ? `it had run as often as it was to (${maxRuns})` : "nothing more of it was to come"
  return {
    verdict: reached ? "maxRuns" : "afterCompleted",
    sentence: `The task was over since ${asked.shown(over.time)}: ${why}.`,
    cause: causeOf(over)
  }
}

/** An instant of the schedule about which the log says nothing. */
const instant = (asked: Asked, inForce: Definition, grid: Grid): Told => {
  const { definitions, pauses } = asked.history
  const at = asked.at
  const { maxRuns, offsetMs = 0 } = inForce.definition
  const due = at + offsetMs
  const later = definitions.find((one) => one.time > at && (one.kind === "rescheduled" || one.kind === "calendars"))
  const ended = asked.history.overAt(due + NEAR_MS) ?? undefined
  const pause = pauses.findLast((one) => one.time <= due && (one.resumed === null || one.resumed.time > due))
  if (due > asked.now) {
    const until = pause?.until
    if (pause !== undefined && (until === null || until === undefined || toMillis(until) > due)) {
      return paused(asked, pause, `It will be skipped unless the task goes on before`)
    }
    const remaining = maxRuns === null ? Infinity : maxRuns - asked.history.runs
    const upTo = grid.range(asked.now - offsetMs, at)?.count ?? 1
    if (upTo > remaining) {
      return {
        verdict: "maxRuns",
        sentence: `It will not run: the task runs as often as it is to (${maxRuns}) before.`
      }
    }
    const spread = offsetMs === 0 ? "" : `, spread by ${lengthOf(offsetMs)}`
    return {
      verdict: "notYet",
      sentence: `It is still to come: due at ${asked.shown(due)}${spread}, in ${lengthOf(due - asked.now)}.`
    }
  }
  if (maxRuns !== null && asked.history.runs >= maxRuns) {
    return { verdict: "maxRuns", sentence: `The task had run as often as it was to by then (${maxRuns}).` }
  }
  if (ended !== undefined) {
    return {
      verdict: ended.kind === "cancelled" ? "afterCancelled" : "afterCompleted",
      sentence: `The task was ${ended.kind} at ${asked.shown(ended.time)} by ${ended.causedBy.actor}${because(ended)}, before it was decided.`,
      cause: causeOf(ended)
    }
  }
  if (pause !== undefined) return paused(asked, pause, "It will be skipped when the task goes on")
  if (later !== undefined) return superseded(asked, later)
  return {
    verdict: "undecided",
    sentence: `It was due at ${asked.shown(due)} and has not been decided yet: nobody has been there to decide it, for ${lengthOf(asked.now - due)}. It will be, late rather than never, by the task's catch-up policy (${inForce.definition.catchUp}).`
  }
}

const paused = (asked: Asked, pause: Fact & { readonly until: string | null }, then: string): Told => {
  const until = pause.until === null ? "" : ` until ${asked.shown(toMillis(pause.until))}`
  return {
    verdict: "paused",
    sentence: `The task is paused since ${asked.shown(pause.time)}${until}, by ${pause.causedBy.actor}${because(pause)}. ${then}.`,
    cause: causeOf(pause)
  }
}

const superseded = (asked: Asked, by: Definition): Told => {
  const { understoodAs } = by.definition
  const who =
    by.kind === "calendars"
      ? `because ${by.causedBy.reason ?? "its calendars changed"}`
      : `by ${by.causedBy.actor} (revision ${by.revision}: ${understoodAs})${because(by)}`
  return {
    verdict: "superseded",
    sentence: `It was an instant of the schedule until that was changed at ${asked.shown(by.time)} ${who}; a new schedule begins when it is made.`,
    cause: causeOf(by)
  }
}

/** No instant of the schedule that was in force. */
const noInstant = (asked: Asked, inForce: Definition, grid: Grid): Told => {
  const at = asked.at
  const { definitions } = asked.history
  const { definition } = inForce
  const { endAt, recurrence, startAt, timezone } = definition
  const isNamed = Occurrences.next(recurrence, at - 1) === at
  if (isNamed) {
    if (startAt !== null && at < toMillis(startAt)) {
      return {
        verdict: "outOfBounds",
        sentence: `It lies before the task's start: nothing runs before ${asked.shown(toMillis(startAt))}.`
      }
    }
    if (endAt !== null && at > toMillis(endAt)) {
      return {
        verdict: "outOfBounds",
        sentence: `It lies after the task's end: nothing runs after ${asked.shown(toMillis(endAt))}.`
      }
    }
    const calendar = (definition.exclude ?? []).find(
      (name) => Exclusions.over(asked.history.calendars.daysOf(name, inForce.calendarsAt), timezone, at) !== null
    )
    if (calendar !== undefined) {
      return {
        verdict: "excluded",
        sentence: `The calendar ${calendar} excludes that day (${Zone.localText(timezone, at).slice(0, 10)} in ${timezone}).`
      }
    }
  }
  const told = night(asked, inForce)
  if (told !== undefined) return told
  const index = definitions.findIndex((one) => one.logSequence === inForce.logSequence)
  const earlier = definitions
    .slice(0, index)
    .findLast((one) => one.kind !== "updated" && gridAt(asked.history, one).isOne(at))
  if (earlier !== undefined) {
    const by = definitions
      .slice(definitions.indexOf(earlier) + 1)
      .find(({ kind }) => kind === "rescheduled" || kind === "calendars")
    if (by !== undefined) return superseded(asked, by)
  }
  const later = definitions
    .slice(index + 1)
    .find((one) => one.kind === "rescheduled" && gridAt(asked.history, one).isOne(at))
  if (later !== undefined) {
    return {
      verdict: "superseded",
      sentence: `It is an instant of the schedule that ${later.causedBy.actor} made at ${asked.shown(later.time)} (revision ${later.revision}): a new schedule begins when it is made.`,
      cause: causeOf(later)
    }
  }
  const [before, after] = [lastBefore(grid, at), grid.next(at)]
  const around = [
    before === null ? "" : `the last one before was ${asked.shown(before)}`,
    after === null ? "no later one is to come" : `the next one after is ${asked.shown(after)}`
  ].filter((words) => words !== "")
  return {
    verdict: "notAnInstant",
    sentence: `It is no instant of the schedule (${definition.understoodAs}): ${around.join(", ")}.`
  }
}

/** What the clocks did at that instant. */
const night = (asked: Asked, { definition }: Definition): Told | undefined => {
  const at = asked.at
  for (const part of Occurrences.partsOf(definition.recurrence)) {
    if (!Occurrences.onTheClock(part)) continue
    const { timezone } = part
    const change = Zone.lastTransition(timezone, at)
    if (change === null) continue
    const length = Math.abs(change.after - change.before)
    if (at >= change.at + length) continue
    const day = Zone.localText(timezone, change.at).slice(0, 10)
    if (change.after > change.before) {
      if (Occurrences.lost(part, change.at - 1, change.at).length === 0) continue
      return {
        verdict: "lostInGap",
        sentence: `Its ${noSuchTime(asked, timezone, change)}.`
      }
    }
    const local = Zone.toLocal(timezone, at)
    const other = Zone.instantsOf(timezone, local).find((one) => one !== at && Occurrences.next(part, one - 1) === one)
    if (other === undefined) continue
    return {
      verdict: "otherPass",
      sentence: `That time of day happens twice on ${day} in ${timezone}, for the clocks go back; the task runs the ${part.overlap} time only, at ${asked.shown(other)} (--dst-overlap ${part.overlap}).`
    }
  }
  // The first pass, where the rule is to run in the last.
  for (const part of Occurrences.partsOf(definition.recurrence)) {
    if (!Occurrences.onTheClock(part) || part.overlap !== "last") continue
    const instants = Zone.instantsOf(part.timezone, Zone.toLocal(part.timezone, at))
    const other = instants.find((one) => one > at && Occurrences.next(part, one - 1) === one)
    if (other === undefined) continue
    return {
      verdict: "otherPass",
      sentence: `That time of day happens twice in ${part.timezone}, for the clocks go back; the task runs the last time only, at ${asked.shown(other)} (--dst-overlap last).`
    }
  }
  return undefined
}
