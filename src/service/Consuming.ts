/**
 * Events as a stream with acknowledgements: page by page from where a subscription stands, then as they happen. At least
 * once; what was not acknowledged comes again to the next reader. Nothing is missed where the connection or the service is
 * away for a while: reading goes on where it was.
 */
import { Effect, Option, Queue, Schedule, Stream } from "effect"
import type { Refused } from "../actors/door/TaskRequest.ts"
import { isBefore } from "./EventPages.ts"
import type { ConsumeOptions, Delivered, EventPageAnswer, FrontDoor, SchedulerError, Unreachable } from "./FrontDoor.ts"
import type { Subscription } from "./Cursors.ts"
import type { SubscribeRequest } from "./Subscriptions.ts"

export interface Asking {
  subscribe(request: SubscribeRequest): Effect.Effect<Subscription, SchedulerError>
  acknowledge(request: { readonly name: string; readonly cursor: string }): Effect.Effect<Subscription, SchedulerError>
  page(query: object): Effect.Effect<EventPageAnswer, Refused | Unreachable>
  /** What happens from now on. */
  readonly hear: ReturnType<FrontDoor["subscribe"]>
}

/** Asked again after this, where nobody says that something has happened. */
const LOOK_EVERY = "10 seconds"

const isBusy = (error: SchedulerError): boolean => error._tag === "Refused" && error.code === "busy"
const passing = (error: SchedulerError): boolean =>
  error._tag !== "Refused" || isBusy(error) || error.code === "internal"
const again = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

/** The first page, and those that follow, each as soon as there is something on it, for as long as the scope is open. */
export const pages = Effect.fnUntraced(function* ({ hear, page }: Pick<Asking, "hear" | "page">, query: object) {
  // Heard before the first page is asked for: what happens meanwhile wakes the reader.
  const wake = yield* Queue.sliding<void>(1)
  const live = yield* hear
  yield* Stream.runForEach(live, () => Queue.offer(wake, undefined)).pipe(Effect.ignore, (hearing) =>
    Effect.forkScoped(hearing)
  )
  const first = yield* page(query).pipe(Effect.retry({ while: isBusy, schedule: again }))
  const next = (after: EventPageAnswer) =>
    Effect.gen(function* () {
      if (!after.more) yield* Effect.timeoutOption(Queue.take(wake), LOOK_EVERY)
      return yield* page({ ...query, cursor: after.cursor }).pipe(Effect.retry({ while: passing, schedule: again }))
    })
  const rest: Stream.Stream<EventPageAnswer, SchedulerError> = Stream.paginate(first, (before) =>
    Effect.map(next(before), (got) => [[got], Option.some(got)] as const)
  )
  return { first, rest }
})

export const consume = (
  asking: Asking,
  { name, ...wanted }: ConsumeOptions
): Stream.Stream<Delivered, SchedulerError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const begun = name === undefined ? undefined : yield* asking.subscribe({ name, ...wanted })
      const scope = name === undefined ? wanted : { name }
      const query = { ...scope, ...(begun === undefined ? {} : { cursor: begun.cursor }) }
      const { first, rest } = yield* pages(asking, query)
      let acknowledged = begun?.cursor ?? first.cursor

      const ackOf = (cursor: string): Effect.Effect<void, SchedulerError> =>
        name === undefined
          ? Effect.void
          : Effect.suspend(() =>
              isBefore(acknowledged, cursor)
                ? Effect.map(asking.acknowledge({ name, cursor }), (moved) => {
                    acknowledged = moved.cursor
                  })
                : Effect.void
            )
      const deliveries = ({ items }: EventPageAnswer): ReadonlyArray<Delivered> =>
        items.map((event) => ({ event, ack: ackOf(event.id) }))
      return Stream.concat(Stream.fromIterable(deliveries(first)), Stream.flattenIterable(Stream.map(rest, deliveries)))
    })
  )
