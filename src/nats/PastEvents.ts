/**
 * Announced events of the past, from the stream that keeps them (`EVENTS_KEPT_MS`), in the order in which they were
 * stored: at least once, a page at a time. What is older stands in the log.
 */
import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream"
import { Effect } from "effect"
import type { AnnouncedEvent, PastEvents, PastEventsQuery } from "../Scheduler.ts"
import { NatsConnection } from "./NatsConnection.ts"

/** Events of a page, and bytes of it: the answer leaves as one message. */
const PAGE = 500
const PAGE_BYTES = 400_000

/** One page; `nextCursor` is null where no newer event is stored. */
export const pastEvents = Effect.fnUntraced(function* (query: PastEventsQuery) {
  const { js, jsm, subjects } = yield* NatsConnection
  const { cursor, since, taskId } = query
  const from =
    cursor === undefined
      ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(cursor) }
  const opened = Effect.acquireRelease(
    Effect.promise(() =>
      jsm.consumers.add(subjects.eventsStream, {
        ack_policy: AckPolicy.None,
        inactive_threshold: 30_000_000_000,
        mem_storage: true,
        ...from
      })
    ),
    ({ name }) => Effect.promise(() => jsm.consumers.delete(subjects.eventsStream, name).catch(() => false))
  )
  return yield* Effect.scoped(
    Effect.flatMap(opened, (info) =>
      Effect.promise(async (): Promise<PastEvents> => {
        const items: Array<AnnouncedEvent> = []
        const wanted = Math.min(PAGE, info.num_pending)
        if (wanted === 0) return { items, nextCursor: null }
        let bytes = 0
        let last: { readonly sequence: number; readonly pending: number } | undefined
        const messages = await js.consumers.getConsumerFromInfo(info).fetch({ max_messages: wanted, expires: 5000 })
        for await (const message of messages) {
          last = { sequence: message.seq, pending: message.info.pending }
          const event = message.json<AnnouncedEvent>()
          if (taskId === undefined || event.taskId === taskId) {
            items.push(event)
            bytes += message.data.length
          }
          if (bytes > PAGE_BYTES) break
        }
        return { items, nextCursor: last === undefined || last.pending === 0 ? null : String(last.sequence + 1) }
      })
    )
  )
})
