/**
 * Starts tasks from messages on NATS. Each task has a reader of the stream in which its messages lie, which begins after
 * the newest message that the task has decided about: the log says which, in the same commit as the decision. So each
 * message gets one decision, whatever is killed in between: nodes, the server, or the reader itself.
 *
 * What has left its stream (by age or size) before a node read it is missed; the node's log says so.
 */
import { AckPolicy, DeliverPolicy, type JsMsg, type StreamInfo } from "@nats-io/jetstream"
import { Deferred, Effect, Exit, FiberMap, Layer, Schedule, Schema, Semaphore, Stream } from "effect"
import { Partitions } from "../actors/Partitions.ts"
import { isByEvent } from "../actors/task/StartedByEvent.ts"
import type { Listener } from "../actors/Listeners.ts"
import { dataOf, type Message } from "../events/Message.ts"
import { fromMillis } from "../recurrence/Instant.ts"
import { render } from "../recurrence/Render.ts"
import { CHAIN_HEADER, taskSource } from "./CloudEvent.ts"
import { NatsConnection, reasonOf } from "./NatsConnection.ts"
import { TriggerStreams } from "./TriggerStreams.ts"

/** Messages of a task that are read ahead, and that wait for its owner's decision, at the same time: each may have a megabyte. */
const UNDECIDED = 64
/** After so long without an answer the reader goes on with the next, which wait in the same line; milliseconds. */
const UNANSWERED_MS = 30_000
const FULL_MS = 50
const LET_GO_EVERY = "1 minute"

class ReaderBroken extends Schema.TaggedError<ReaderBroken>()("ReaderBroken", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

const retryPolicy = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

type BySubject = Listener & { readonly recurrence: { readonly kind: "subject" } }

const isBySubject = (listener: Listener): listener is BySubject =>
  listener.recurrence.kind === "subject" && !isByEvent(listener.recurrence)

const chainIn = (message: JsMsg): number => {
  const chain = Number(message.headers?.get(CHAIN_HEADER) ?? "")
  return Number.isSafeInteger(chain) && chain > 0 ? chain : 0
}

/** Sequence of the first message that a task has not decided about. */
const beginOf = ({ heard, recurrence }: BySubject, info: StreamInfo): number => {
  const isThis = (place: { readonly stream: string; readonly created?: string } | undefined) =>
    place?.stream === info.config.name && place.created === info.created
  const known = [heard, recurrence.from].filter(isThis).map((place) => place?.sequence ?? 0)
  // A stream that was made anew holds nothing that the task knows.
  return Math.max(0, ...known) + 1
}

export const layer: Layer.Layer<never, never, NatsConnection | Partitions | TriggerStreams> = Layer.effectDiscard(
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const partitions = yield* Partitions
    const streams = yield* TriggerStreams
    const { js, jsm, subjects } = nats
    const { listeners } = partitions

    const current = (taskId: string): BySubject | undefined => {
      const listener = listeners.get(taskId)
      return listener !== undefined && isBySubject(listener) ? listener : undefined
    }

    const messageOf = (message: JsMsg, info: StreamInfo): Message => ({
      id: `${info.config.name}.${message.seq}`,
      subject: message.subject,
      at: fromMillis(Math.floor(Number(message.timestampNanos) / 1_000_000)),
      place: { stream: info.config.name, created: info.created, sequence: message.seq },
      data: dataOf(message.data)
    })

    /** Hands a message to the task's owner; completes with its decision. */
    const fire = Effect.fnUntraced(function* (
      { partition, recurrence, taskId }: BySubject,
      told: JsMsg,
      info: StreamInfo
    ) {
      const message = messageOf(told, info)
      const decided = yield* Deferred.make<void>()
      const submitted = Effect.sync(() =>
        partitions.submit(partition, {
          _tag: "command",
          command: {
            type: "fire",
            taskId,
            heardFor: render(recurrence),
            message,
            bytes: told.data.length,
            chain: chainIn(told),
            causedBy: { commandId: message.id, actor: `subject ${message.subject}` }
          },
          reply: () => Deferred.doneUnsafe(decided, Exit.void)
        })
      )
      yield* Effect.repeat(submitted, { while: (outcome) => outcome === "full", schedule: Schedule.spaced(FULL_MS) })
      return Deferred.await(decided)
    })

    /** Reads until something breaks. */
    const readOnce = (taskId: string) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* nats.connected
          const listener = current(taskId)
          if (listener === undefined) return yield* Effect.never
          const broken = (reason: string) => new ReaderBroken({ reason })
          const ask = <A>(what: () => Promise<A>) =>
            Effect.tryPromise({ try: what, catch: (cause) => broken(reasonOf(cause)) })
          const { subject } = listener.recurrence
          const { stream } = yield* Effect.mapError(streams.locate(subject), ({ message }) => broken(message))
          const info = yield* ask(() => jsm.streams.info(stream))
          const begin = beginOf(listener, info)
          if (begin < info.state.first_seq && info.state.first_seq > 1 && listener.heard !== undefined) {
            yield* Effect.logWarning(
              `task ${taskId}: messages ${begin} to ${info.state.first_seq - 1} have left the stream ${stream} unread; those on ${subject} among them are missed`
            )
          }
          const name = subjects.trigger(taskId)
          const gone = () => jsm.consumers.delete(stream, name).catch(() => false)
          const consumer = yield* Effect.acquireRelease(
            ask(async () => {
              await gone()
              return js.consumers.getConsumerFromInfo(
                await jsm.consumers.add(stream, {
                  name,
                  description: `starts task ${taskId}`,
                  ack_policy: AckPolicy.None,
                  mem_storage: true,
                  filter_subject: subject,
                  deliver_policy: DeliverPolicy.StartSequence,
                  opt_start_seq: begin,
                  inactive_threshold: 30_000_000_000
                })
              )
            }),
            () => Effect.promise(gone).pipe(Effect.timeoutOption("1 second"))
          )
          const messages = yield* Effect.acquireRelease(
            ask(() => consumer.consume({ max_messages: UNDECIDED, expires: 5000, idle_heartbeat: 1000 })),
            (consuming) => Effect.promise(() => consuming.close().then(() => undefined))
          )
          const watched = ask(async () => {
            for await (const status of messages.status()) {
              if (["consumer_deleted", "consumer_not_found", "stream_not_found"].includes(status.type)) {
                throw new Error(`the reader of task ${taskId} is gone (${status.type})`)
              }
              if (status.type === "heartbeats_missed" && status.count > 2) throw new Error("the server is silent")
            }
            throw new Error("the reader was closed")
          })
          const undecided = yield* Semaphore.make(UNDECIDED)
          let delivered = 0
          const heard = Effect.fnUntraced(function* (told: JsMsg) {
            delivered += 1
            // Without acknowledgements what was on its way to a connection that broke is told to nobody.
            if (told.info.deliverySequence !== delivered) return yield* broken("a message was lost on its way")
            if (told.headers?.get("ce-source") === taskSource(subjects, taskId)) return
            yield* undecided.take(1)
            const decision = yield* fire(listener, told, info)
            yield* decision.pipe(
              Effect.timeoutOrElse({
                duration: UNANSWERED_MS,
                orElse: () => Effect.logWarning(`task ${taskId}: no decision about message ${told.seq} yet`)
              }),
              Effect.ensuring(undecided.release(1)),
              (waiting) => Effect.forkScoped(waiting)
            )
          })
          const pumped = Stream.runForEach(
            Stream.fromAsyncIterable(messages, (cause) => broken(reasonOf(cause))),
            heard
          )
          yield* Effect.raceFirst(pumped, watched)
          return yield* broken("the reader ended")
        })
      )

    const reader = (taskId: string) =>
      readOnce(taskId).pipe(
        Effect.tapError((error) => Effect.logDebug(`task ${taskId}: ${error.message}`)),
        Effect.retry(retryPolicy)
      )

    const readers = yield* FiberMap.make<string>()
    const running = new Map<string, BySubject["recurrence"]>()

    const adjust = Effect.gen(function* () {
      const wanted = new Map(
        listeners
          .all()
          .filter(isBySubject)
          .map((listener) => [listener.taskId, listener])
      )
      for (const taskId of running.keys()) {
        if (wanted.get(taskId)?.recurrence === running.get(taskId)) continue
        running.delete(taskId)
        yield* FiberMap.remove(readers, taskId)
      }
      const captured = [...wanted.values()].filter(
        ({ recurrence: { from } }) => from?.stream === subjects.capturedStream
      )
      yield* streams.reconcile(captured.map(({ recurrence }) => recurrence.subject)).pipe(
        Effect.tapError((error) => Effect.logDebug(error.message)),
        Effect.retry(retryPolicy)
      )
      for (const { recurrence, taskId } of wanted.values()) {
        if (running.has(taskId)) continue
        running.set(taskId, recurrence)
        yield* FiberMap.run(readers, taskId, reader(taskId))
      }
    })

    /** What came while the connection was broken is read from the log's place on. */
    const again = Effect.gen(function* () {
      for (const taskId of running.keys()) yield* FiberMap.remove(readers, taskId)
      running.clear()
      yield* adjust
    })

    yield* Stream.mergeAll(
      [
        Stream.map(listeners.changes, () => adjust),
        Stream.map(nats.reconnected, () => again),
        // What was asked for and is not listened to in the end is let go.
        Stream.map(Stream.tick(LET_GO_EVERY), () => adjust)
      ],
      { concurrency: "unbounded" }
    ).pipe(
      Stream.runForEach((act) => act),
      Effect.tapCause((cause) => Effect.logError("tasks are not started by messages any more", cause)),
      (loop) => Effect.forkScoped(loop)
    )
  })
)
