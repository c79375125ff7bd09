/** The work queue of the simulated server: pulls with an end, deliveries that may get lost on their way, answers likewise. */
import { Effect, Queue, Stream } from "effect"
import { offerId, type WorkItem } from "../../../src/work/Work.ts"
import { type Delivery, QueueUnavailable, WorkQueue } from "../../../src/work/WorkQueue.ts"
import type { Link } from "../world/Link.ts"
import type { DeliveredItem, Server } from "../world/Server.ts"

/** How long the server keeps a pull open, milliseconds. */
const PULL_MS = 5000

const unavailable = ({ reason }: { readonly reason: string }) => new QueueUnavailable({ reason })

export const make = (server: Server, link: Link): WorkQueue["Service"] => {
  const send = (serve: () => void) => Effect.sync(() => link.out(serve))

  const take = (queues: ReadonlyArray<string>, concurrency: number) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const deliveries = yield* Queue.unbounded<Delivery>()
        const freed = yield* Queue.unbounded<void>()
        const inHand = new Set<string>()
        const deliveryOf = ({ item }: DeliveredItem): Delivery => {
          const id = offerId(item)
          let answered = false
          const answer = (serve: () => void) =>
            Effect.sync(() => {
              if (!answered) {
                answered = true
                inHand.delete(id)
                Queue.offerUnsafe(freed, undefined)
              }
              link.out(serve)
            })
          return {
            item,
            ack: answer(() => server.ack(id)),
            inProgress: send(() => server.inProgress(id)),
            retryAfter: (delayMs) => answer(() => server.retryAfter(id, delayMs))
          }
        }
        const pull = Effect.gen(function* () {
          const room = concurrency - inHand.size
          if (room <= 0) return yield* Queue.take(freed)
          const items = yield* link
            .call<ReadonlyArray<DeliveredItem>>(
              (reply) => server.pull({ queues: new Set(queues), batch: room, until: link.until(PULL_MS), reply }),
              PULL_MS + 500
            )
            .pipe(Effect.catch(() => Effect.as(Effect.sleep(50), [])))
          for (const one of items) {
            inHand.add(offerId(one.item))
            Queue.offerUnsafe(deliveries, deliveryOf(one))
          }
        })
        yield* Effect.forkScoped(Effect.forever(pull))
        return Stream.fromQueue(deliveries)
      })
    )

  return WorkQueue.of({
    offer: (items: ReadonlyArray<WorkItem>) =>
      link
        .call<void>((reply) => {
          server.offer(items)
          reply(undefined)
        })
        .pipe(Effect.mapError(unavailable)),
    held: link.call<ReadonlySet<string>>((reply) => reply(server.held())).pipe(Effect.mapError(unavailable)),
    take
  })
}
