/**
 * The calendars of excluded days, as the log tells them; every node that decides follows them. Which calendars a decision
 * knew stands in its event.
 */
import { Context, Effect, Layer, Result, type Stream } from "effect"
import type { CalendarEvent } from "../events/CalendarEvent.ts"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import type { EventLog } from "../events/EventLog.ts"
import type { CausedBy } from "../events/TaskEvent.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import type { Instant } from "../recurrence/Instant.ts"
import { type Calendar, CalendarBook } from "./CalendarBook.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"
import { Refused } from "./door/TaskRequest.ts"
import type { Halted } from "./Halted.ts"
import type { Accepted, AcceptLog } from "./Holding.ts"
import * as SharedFacts from "./SharedFacts.ts"

export type { Calendar }

export type CalendarCommand =
  | { readonly type: "set"; readonly calendar: string; readonly days: ReadonlyArray<Days>; readonly causedBy: CausedBy }
  | { readonly type: "remove"; readonly calendar: string; readonly causedBy: CausedBy }

export interface CalendarAnswer {
  readonly calendar: string
  readonly revision: number
  readonly logSequence: number
}

export class Calendars extends Context.Service<
  Calendars,
  {
    readonly excluded: ExcludedDays
    readonly all: () => ReadonlyArray<Calendar>
    /** Succeeds when the change is in the log; a repeated command id gives the first answer. */
    change(command: CalendarCommand): Effect.Effect<CalendarAnswer, Refused>
    /** Emits after changes that this node has learnt of, and when they are halted or no longer. */
    readonly changes: Stream.Stream<void>
    /** Why they cannot be known; undefined where that is not so. */
    readonly halted: () => Halted | undefined
    accept(word: AcceptLog): Effect.Effect<Accepted, Refused>
  }
>()("nagatha/actors/Calendars") {
  /** Ready when the calendars have been read. `nodeId` is unique to this process. */
  static readonly layer = (nodeId: string): Layer.Layer<Calendars, never, EventLog> =>
    Layer.effect(
      Calendars,
      Effect.suspend(() => make(nodeId))
    )
}

const make = Effect.fnUntraced(function* (nodeId: string) {
  const book = new CalendarBook()

  const { accept, change, changes, halted } = yield* SharedFacts.make<CalendarEvent, CalendarAnswer>({
    nodeId,
    name: "calendars",
    partition: CALENDARS_PARTITION,
    eventsOf: (commit) => commit.calendars ?? [],
    inCommit: (event) => ({ calendars: [event] }),
    commandIdOf: (event) => event.causedBy.commandId,
    forget: () => book.clear(),
    fold: (event, logSequence) => {
      book.fold(event, logSequence)
      return { calendar: event.calendar, revision: event.revision, logSequence }
    }
  })

  const decided = (
    command: CalendarCommand,
    time: Instant
  ): Result.Result<{ readonly event: CalendarEvent }, Refused> => {
    const { calendar, causedBy, type } = command
    if (type === "remove" && !book.has(calendar)) return Result.fail(notFound(calendar, book.names))
    const common = { version: 1 as const, time, calendar, revision: book.revision(calendar) + 1, causedBy }
    return Result.succeed({
      event:
        type === "set" ? { type: "calendarSet", ...common, days: command.days } : { type: "calendarRemoved", ...common }
    })
  }

  return Calendars.of({
    excluded: book.excluded,
    all: () => book.all,
    change: (command) => change(command.causedBy.commandId, (time) => decided(command, time)),
    changes,
    halted,
    accept
  })
})

/** Names a calendar that there is not, and those that there are. */
export const notFound = (calendar: string, there: Iterable<string>): Refused => {
  const names = [...there]
  return new Refused({
    code: "notFound",
    message: `no calendar is named ${JSON.stringify(calendar)}`,
    hint:
      names.length === 0
        ? "make one first: nagatha calendar set holidays 12-25 2026-12-31"
        : `there are: ${names.sort().join(", ")}`
  })
}
