/**
 * Events read from the log, a page at a time: all that there ever were, each once and in the order of the log. The body
 * of each is the one that is announced; one that is too large for an answer comes without what is large in it.
 */
import { Effect, Schema, Stream } from "effect"
import type { RecordedCommit } from "../events/Commit.ts"
import { EventLog, type LogUnavailable, undamaged } from "../events/EventLog.ts"
import { UPGRADE } from "../events/History.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import { shortened } from "../actors/task/StartedByEvent.ts"
import { AnyInstant } from "../recurrence/Instant.ts"
import { type AnnouncedEvent, publicEvent } from "./Announced.ts"
import { Cursor } from "./Cursors.ts"

/** Events of a page, bytes of it, and commits that are looked through for it. */
const PAGE = 500
const PAGE_BYTES = 400_000
const SCANNED = 5000

export interface EventPage {
  readonly items: ReadonlyArray<AnnouncedEvent>
  /** Where the page ends: the next begins after it, also where nothing on it was wanted. */
  readonly cursor: string
  /** Whether the log goes on behind it. */
  readonly more: boolean
}

export interface Wanted {
  readonly patterns: ReadonlyArray<string>
  readonly taskId: string | null
  readonly since: string | null
}

/** Whether a subject fits a pattern of NATS. */
export const fits = (pattern: string, subject: string): boolean => {
  const [tokens, words] = [pattern.split("."), subject.split(".")]
  const rest = tokens.at(-1) === ">"
  const fixed = rest ? tokens.slice(0, -1) : tokens
  if (rest ? words.length <= fixed.length : words.length !== fixed.length) return false
  return fixed.every((token, index) => token === "*" || token === words[index])
}

export const placeOf = (cursor: string): { readonly sequence: number; readonly index: number } => {
  const [sequence = 0, index = 0] = cursor.split(".").map(Number)
  return { sequence, index }
}

/** Behind all that a commit holds. */
export const END_OF_COMMIT = 999_999_999

export const isBefore = (one: string, other: string): boolean => {
  const [a, b] = [placeOf(one), placeOf(other)]
  return a.sequence < b.sequence || (a.sequence === b.sequence && a.index < b.index)
}

const wants = ({ patterns, since, taskId }: Wanted, event: TaskEvent): boolean =>
  (taskId === null || event.taskId === taskId) &&
  (since === null || event.time >= since) &&
  patterns.some((pattern) => fits(pattern, publicEvent(event.type)))

/** The page after a cursor. */
export const pageAfter = Effect.fnUntraced(function* (cursor: string, wanted: Wanted, limit = PAGE) {
  const log = yield* EventLog
  const after = placeOf(cursor)
  const last: number = yield* log.lastSequence
  const behind = last < after.sequence || (last === after.sequence && after.index === END_OF_COMMIT)
  if (behind) return { items: [], cursor, more: false } satisfies EventPage
  const items: Array<AnnouncedEvent> = []
  let bytes = 0
  let scanned = 0
  let end = cursor
  /** Takes what is wanted of a commit; false once the page is full. */
  const take = ({ commit, sequence }: RecordedCommit): boolean => {
    scanned += 1
    for (const [index, event] of commit.events.entries()) {
      if (sequence === after.sequence && index <= after.index) continue
      if (wants(wanted, event)) {
        const body = shortened(event, sequence, index, PAGE_BYTES)
        if (items.length >= limit || (items.length > 0 && bytes + body.bytes > PAGE_BYTES)) return false
        items.push(body.body as unknown as AnnouncedEvent)
        bytes += body.bytes
      }
      end = `${sequence}.${index}`
    }
    end = `${sequence}.${END_OF_COMMIT}`
    return scanned < SCANNED && sequence < last
  }
  // Up to the end as it was: behind damage, which is left out, nothing may come for long.
  const whole: Effect.Effect<void, LogUnavailable | Refused> = log.followAny(Math.max(0, after.sequence - 1)).pipe(
    Stream.takeUntil(({ sequence }) => sequence >= last),
    undamaged,
    Stream.takeUntil((recorded) => !take(recorded)),
    Stream.runDrain,
    // What a newer version wrote is not left out: those before it are given first, then nothing but this.
    Effect.catchTag("UnreadableCommit", (unreadable) =>
      items.length > 0
        ? Effect.void
        : Effect.fail(new Refused({ code: "notUnderstood", message: unreadable.message, hint: UPGRADE }))
    )
  )
  if (last > 0) yield* whole
  return {
    items,
    cursor: end,
    more: placeOf(end).sequence < last || end.split(".")[1] !== String(END_OF_COMMIT)
  } satisfies EventPage
})

/** A pattern of subjects of events of tasks: `scheduler.task.*`, `scheduler.task.failure`, or the event alone. */
export const EventPattern = Schema.String.check(
  Schema.isPattern(/^(?:scheduler\.(?:task\.(?:\*|>|[a-z]+)|>)|\*|[a-z]+)$/u, {
    message: "must be scheduler.task.*, scheduler.task.EVENT, or the event alone"
  })
)
export const wholePattern = (pattern: string): string => (pattern.includes(".") ? pattern : publicEvent(pattern))

export const EventPageQuery = Schema.Struct({
  /** A named subscription: what it wants, from where it stands; with a cursor of an earlier page: from there. */
  name: Schema.optionalKey(Schema.String),
  /** Without a name: which events; default all. */
  patterns: Schema.optionalKey(Schema.Array(EventPattern).check(Schema.isMinLength(1), Schema.isMaxLength(16))),
  taskId: Schema.optionalKey(Schema.String),
  since: Schema.optionalKey(AnyInstant),
  /** Where the page before has ended; default: from the end of the log, or with `since` from its beginning. */
  cursor: Schema.optionalKey(Cursor),
  /** Default 500. */
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: PAGE })))
})
export type EventPageQuery = typeof EventPageQuery.Type
