/**
 * Subscriptions that outlive those who read them: the service keeps for each name what is wanted and the last event that
 * was acknowledged, and gives what comes after it, at least once, for as long as the log is kept: for ever. Nothing is
 * missed between two readings, however far apart.
 *
 * Two who read under one name both get everything after its cursor.
 */
import { Clock, Effect, Schema, Semaphore } from "effect"
import { CommandOrigin, Refused } from "../actors/door/TaskRequest.ts"
import { EventLog, type LogUnavailable } from "../events/EventLog.ts"
import { AnyInstant, fromMillis } from "../recurrence/Instant.ts"
import { decodeWith, type Question } from "./Answered.ts"
import {
  Cursor,
  Cursors,
  type CursorsUnavailable,
  MAX_SUBSCRIPTIONS,
  Subscription,
  SubscriptionName
} from "./Cursors.ts"
import { inTurn } from "./InTurn.ts"
import { END_OF_COMMIT, EventPageQuery, EventPattern, isBefore, pageAfter, wholePattern } from "./EventPages.ts"

export const SubscribeRequest = Schema.Struct({
  ...CommandOrigin,
  name: SubscriptionName,
  /** Default: all events of tasks. */
  patterns: Schema.optionalKey(Schema.Array(EventPattern).check(Schema.isMinLength(1), Schema.isMaxLength(16))),
  /** Only events of this task. */
  taskId: Schema.optionalKey(Schema.String),
  /** Begin with what happened since then; default: with what happens from now on. */
  since: Schema.optionalKey(AnyInstant)
})
export type SubscribeRequest = typeof SubscribeRequest.Type

/** The subscription as it stands, and whether it was made now. */
export const SubscribeAnswer = Schema.Struct({ ...Subscription.fields, created: Schema.Boolean })
export type SubscribeAnswer = typeof SubscribeAnswer.Type

export const AcknowledgeRequest = Schema.Struct({
  ...CommandOrigin,
  name: SubscriptionName,
  /** The id of an event, or the cursor of a page: that, and all before it, is not given again. */
  cursor: Cursor
})
export type AcknowledgeRequest = typeof AcknowledgeRequest.Type

export const UnsubscribeRequest = Schema.Struct({ ...CommandOrigin, name: SubscriptionName })
export type UnsubscribeRequest = typeof UnsubscribeRequest.Type

const notFound = (name: string) =>
  new Refused({
    code: "notFound",
    message: `no subscription is named ${JSON.stringify(name)}`,
    hint: "nagatha subscriptions list shows them; nagatha events --durable NAME makes one"
  })

const same = (one: Subscription, other: Subscription): boolean =>
  one.taskId === other.taskId && one.patterns.toSorted().join(" ") === other.patterns.toSorted().join(" ")

const unavailable = (error: CursorsUnavailable | LogUnavailable) =>
  new Refused({ code: "busy", message: `${error.message}; ask again` })

/** What may be asked about subscriptions: by whoever may command, and by whoever may ask. */
export const make = Effect.gen(function* () {
  const cursors = yield* Cursors
  const log = yield* EventLog
  const alone = yield* Semaphore.make(1)

  const asking = <A>(
    name: string,
    schema: Schema.ConstraintDecoder<A>,
    handle: (asked: A) => Effect.Effect<unknown, Refused | CursorsUnavailable | LogUnavailable>
  ): Question => {
    const decode = decodeWith(schema)
    return {
      name,
      answer: (body) =>
        Effect.mapError(handle(decode(body)), (error) => (error._tag === "Refused" ? error : unavailable(error)))
    }
  }

  const known = Effect.fnUntraced(function* (name: string) {
    return (yield* cursors.get(name)) ?? (yield* notFound(name))
  })

  const subscribe = Effect.fnUntraced(function* (request: SubscribeRequest) {
    const now = fromMillis(yield* Clock.currentTimeMillis)
    const found = yield* cursors.get(request.name)
    const since = request.since === undefined ? null : fromMillis(Date.parse(request.since))
    const wanted: Subscription = {
      name: request.name,
      patterns: [...new Set((request.patterns ?? ["*"]).map(wholePattern))],
      taskId: request.taskId ?? null,
      since,
      cursor: since === null ? `${yield* log.lastSequence}.${END_OF_COMMIT}` : "0.0",
      createdAt: now,
      movedAt: now
    }
    if (found === undefined) {
      if ((yield* cursors.all).length >= MAX_SUBSCRIPTIONS) {
        return yield* new Refused({
          code: "tooMany",
          message: `there are ${MAX_SUBSCRIPTIONS} subscriptions already`,
          hint: "remove those that nobody reads: nagatha subscriptions list"
        })
      }
      yield* cursors.put(wanted)
      return { ...wanted, created: true }
    }
    if (same(found, wanted)) return { ...found, created: false }
    return yield* new Refused({
      code: "idInUse",
      message: `the subscription ${JSON.stringify(request.name)} is for other events: ${found.patterns.join(", ")}${found.taskId === null ? "" : ` of task ${found.taskId}`}`,
      hint: `choose another name, or remove it first: nagatha subscriptions remove ${request.name}`
    })
  })

  const acknowledge = Effect.fnUntraced(function* ({ cursor, name }: AcknowledgeRequest) {
    const found = yield* known(name)
    if (!isBefore(found.cursor, cursor)) return found
    const moved: Subscription = { ...found, cursor, movedAt: fromMillis(yield* Clock.currentTimeMillis) }
    yield* cursors.put(moved)
    return moved
  })

  const unsubscribe = Effect.fnUntraced(function* ({ name }: UnsubscribeRequest) {
    const found = yield* known(name)
    yield* cursors.remove(name)
    return found
  })

  const page = Effect.fnUntraced(function* (query: EventPageQuery) {
    const found = query.name === undefined ? undefined : yield* known(query.name)
    const since = query.since === undefined ? null : fromMillis(Date.parse(query.since))
    const wanted = found ?? {
      patterns: (query.patterns ?? ["*"]).map(wholePattern),
      taskId: query.taskId ?? null,
      since
    }
    const cursor =
      query.cursor ?? found?.cursor ?? (since === null ? `${yield* log.lastSequence}.${END_OF_COMMIT}` : "0.0")
    return yield* Effect.provideService(pageAfter(cursor, wanted, query.limit), EventLog, log)
  })

  const one = alone.withPermits(1)
  return {
    commands: [
      asking("subscribe", SubscribeRequest, (request) => one(subscribe(request))),
      asking("acknowledge", AcknowledgeRequest, (request) => one(acknowledge(request))),
      asking("unsubscribe", UnsubscribeRequest, (request) => one(unsubscribe(request)))
    ],
    queries: [
      inTurn(asking("eventPage", EventPageQuery, page)),
      asking("subscriptions", Schema.Struct({}), () => cursors.all)
    ]
  }
})
