/** Cursors of named subscriptions in a stream that keeps the newest of each name. */
import { JetStreamApiError } from "@nats-io/jetstream"
import { Effect, Layer, Option, Schema } from "effect"
import { Cursors, CursorsUnavailable, Subscription } from "../service/Cursors.ts"
import { publisherOf } from "./JetStreamPublish.ts"
import { headersOf, NatsConnection, reasonOf } from "./NatsConnection.ts"

const NO_MESSAGE = 10037
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Subscription))

export const layer: Layer.Layer<Cursors, never, NatsConnection> = Layer.effect(
  Cursors,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const { jsm, subjects } = nats
    const stream = subjects.subscriptionsStream
    const publisher = publisherOf(nats, stream)
    const ask = <A>(question: () => Promise<A>) =>
      Effect.tryPromise({ try: question, catch: (cause) => new CursorsUnavailable({ reason: reasonOf(cause) }) })

    const get = async (subject: string): Promise<Subscription | undefined> => {
      try {
        const message = await jsm.streams.getMessage(stream, { last_by_subj: subject })
        return Option.getOrUndefined(decode(message?.string() ?? ""))
      } catch (cause) {
        if (cause instanceof JetStreamApiError && cause.code === NO_MESSAGE) return undefined
        throw cause
      }
    }

    return Cursors.of({
      get: (name) => ask(() => get(subjects.subscription(name))),
      put: Effect.fnUntraced(function* (subscription) {
        const outcome = yield* publisher.publish({
          subject: subjects.subscription(subscription.name),
          payload: JSON.stringify(subscription),
          headers: headersOf({})
        })
        if (outcome._tag === "stored") return
        const reason = outcome._tag === "refused" ? outcome.description : outcome.reason
        yield* new CursorsUnavailable({ reason })
      }),
      remove: (name) =>
        ask(async () => void (await jsm.streams.purge(stream, { filter: subjects.subscription(name) }))),
      all: ask(async () => {
        const { state } = await jsm.streams.info(stream, { subjects_filter: subjects.allSubscriptions })
        const found = await Promise.all(
          Object.keys(state.subjects ?? {})
            .sort()
            .map(get)
        )
        return found.filter((one) => one !== undefined)
      })
    })
  })
)
