/**
 * The calendars of excluded days, as the log tells them: one writer at a time by the log's guard, and every node that
 * decides follows them. Which calendars a decision knew stands in its event.
 */
import { Clock, Context, Effect, Layer, PubSub, Schedule, Semaphore, Stream } from "effect"
import type { CalendarEvent } from "../events/CalendarEvent.ts"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import type { RecordedCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import type { CausedBy } from "../events/TaskEvent.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import { fromMillis } from "../recurrence/Instant.ts"
import { BrokenChain } from "./BrokenChain.ts"
import { type Calendar, CalendarBook } from "./CalendarBook.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"
import { Refused } from "./door/TaskRequest.ts"

export type { Calendar }

export type CalendarCommand =
  | { readonly type: "set"; readonly calendar: string; readonly days: ReadonlyArray<Days>; readonly causedBy: CausedBy }
  | { readonly type: "remove"; readonly calendar: string; readonly causedBy: CausedBy }

export interface CalendarAnswer {
  readonly calendar: string
  readonly revision: number
  readonly logSequence: number
}

/** Commands remembered: older ones are carried out again if they are ever sent again. */
const KNOWN_COMMANDS = 256

const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("1 second")])

export class Calendars extends Context.Service<
  Calendars,
  {
    readonly excluded: ExcludedDays
    readonly all: () => ReadonlyArray<Calendar>
    /** Succeeds when the change is in the log; a repeated command id gives the first answer. */
    change(command: CalendarCommand): Effect.Effect<CalendarAnswer, Refused>
    /** Emits after changes that this node has learnt of. */
    readonly changes: Stream.Stream<void>
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
  const log = yield* EventLog
  const changed = yield* PubSub.unbounded<void>()
  const book = new CalendarBook()
  const known = new Map<string, CalendarAnswer>()
  const alone = yield* Semaphore.make(1)
  let lastSequence = 0
  let lastHash = ""
  let commits = 0

  const fold = (event: CalendarEvent, logSequence: number) => {
    const { calendar, causedBy, revision } = event
    book.fold(event, logSequence)
    known.set(causedBy.commandId, { calendar, revision, logSequence })
    const [oldest] = known.keys()
    if (known.size > KNOWN_COMMANDS && oldest !== undefined) known.delete(oldest)
  }

  const apply = Effect.fnUntraced(function* ({ commit, hash, sequence }: RecordedCommit) {
    if (sequence <= lastSequence) return
    if (commit.previousSequence !== lastSequence || commit.previousHash !== lastHash) {
      return yield* new BrokenChain({ partition: CALENDARS_PARTITION, sequence })
    }
    for (const event of commit.calendars ?? []) fold(event, sequence)
    lastSequence = sequence
    lastHash = hash
    yield* PubSub.publish(changed, undefined)
  })

  const refresh = Effect.suspend(() => Stream.runForEach(log.read(CALENDARS_PARTITION, lastSequence), apply)).pipe(
    Effect.tapError((error) => Effect.logWarning(error.message)),
    Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }),
    Effect.orDie
  )

  /** One attempt; undefined when the log has moved on, or nobody knows. */
  const attempt = Effect.fnUntraced(function* (command: CalendarCommand) {
    const { calendar, causedBy, type } = command
    const before = known.get(causedBy.commandId)
    if (before !== undefined) return before
    if (type === "remove" && !book.has(calendar)) return yield* notFound(calendar, book.names)
    const time = fromMillis(yield* Clock.currentTimeMillis)
    const revision = book.revision(calendar) + 1
    const common = { version: 1 as const, time, calendar, revision, causedBy }
    const event: CalendarEvent =
      type === "set" ? { type: "calendarSet", ...common, days: command.days } : { type: "calendarRemoved", ...common }
    commits += 1
    const head = {
      commitId: `${nodeId}.calendars.${commits}`,
      partition: CALENDARS_PARTITION,
      time,
      previousSequence: lastSequence,
      previousHash: lastHash,
      calendars: [event]
    }
    const outcome = yield* Effect.orDie(log.append(head, []))
    if (outcome._tag !== "stored") return undefined
    fold(event, outcome.sequence)
    lastSequence = outcome.sequence
    lastHash = outcome.hash
    yield* PubSub.publish(changed, undefined)
    return { calendar, revision, logSequence: outcome.sequence }
  })

  const change = (command: CalendarCommand) =>
    alone.withPermits(1)(
      Effect.gen(function* () {
        for (;;) {
          const answer = yield* attempt(command)
          if (answer !== undefined) return answer
          yield* refresh
        }
      })
    )

  yield* refresh
  yield* log.follow(lastSequence, CALENDARS_PARTITION).pipe(
    Stream.runForEach((recorded) => alone.withPermits(1)(apply(recorded))),
    Effect.tapCause((cause) => Effect.logError("the calendars are not followed any more", cause)),
    (following) => Effect.forkScoped(following)
  )

  return Calendars.of({
    excluded: book.excluded,
    all: () => book.all,
    change,
    changes: Stream.fromPubSub(changed)
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
