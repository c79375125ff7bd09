/**
 * A worker: takes deliveries of its queues, asks the owner of each task whether the attempt may begin, runs it, and
 * reports what became of it. Only then is the delivery acknowledged.
 *
 * No run begins without a granted claim, and never twice at once in one worker. While the owner does not answer,
 * deliveries are kept alive and claims and reports are asked again for as long as it takes: a report is lost only with
 * the process, and then the attempt counts as lost and another follows. An attempt may so run more than once.
 */
import { Array as Arr, Cause, Clock, Effect, Fiber, FiberSet, Layer, Schedule, Stream } from "effect"
import * as Instant from "../recurrence/Instant.ts"
import * as Settings from "../Settings.ts"
import { Attempt } from "./Attempt.ts"
import { ofAbandoned, ofExit, ofStopped, ofUnknownType, type StopReason } from "./AttemptOutcome.ts"
import * as Batcher from "./Batcher.ts"
import type { LiveFeed } from "./LiveFeed.ts"
import * as LiveReports from "./LiveReports.ts"
import { type OwnerUnavailable, TaskOwner } from "./TaskOwner.ts"
import { TaskTypes } from "./TaskTypes.ts"
import { type ClaimAnswer, type ClaimRequest, offerId, type Outcome, type Report, type ReportAnswer } from "./Work.ts"
import { type Delivery, WorkQueue } from "./WorkQueue.ts"

export interface WorkerOptions {
  /** Unique name of this process. */
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  /** Attempts at the same time; default `Settings.concurrency`. */
  readonly concurrency?: number
  /** How long running attempts may go on when the worker is stopped, in milliseconds; default 10,000. Then they are handed over. */
  readonly stopGraceMs?: number
  /** How long a run may take to end after it was asked to for another reason than its timeout, in milliseconds; default 5,000. */
  readonly killGraceMs?: number
}

/** How long a run may still take once it must end; then it is abandoned. */
const LAST_MS = 2000
/** How long a stopping worker tries to deliver its last reports. */
const FLUSH_MS = 10_000
/** Most bytes of one call: below the server's default limit of a message (1 MiB). */
const MAX_CALL_BYTES = 512 * 1024
const CLAIM_BYTES = 256
const MAX_HEARTBEATS = MAX_CALL_BYTES / CLAIM_BYTES

const reportBytes = ({ outcome, output }: Report): number =>
  outcome.outcome === "done" && outcome.result === null && output === undefined
    ? CLAIM_BYTES
    : CLAIM_BYTES + Buffer.byteLength(JSON.stringify([outcome, output]))

const reconnecting = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

const start = Effect.fnUntraced(function* (options: WorkerOptions) {
  const { worker } = options
  const settings = yield* Settings.Current
  const owner = yield* TaskOwner
  const queue = yield* WorkQueue
  const types = yield* TaskTypes
  const clock = yield* Clock.Clock
  const concurrency = options.concurrency ?? settings.concurrency
  const stopGraceMs = options.stopGraceMs ?? 10_000
  const killGraceMs = options.killGraceMs ?? 5000
  const run = yield* FiberSet.makeRuntime<never>()
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const now = () => Instant.fromMillis(clock.currentTimeMillisUnsafe())

  /** All deliveries that are not answered, by `offerId`. */
  const inHand = new Map<string, Attempt>()
  const live = yield* LiveReports.make(worker, () => inHand.values())
  let stopping = false
  let whenChanged: Array<() => void> = []

  /** Completes when the number of deliveries in hand goes down. */
  const changed = Effect.callback<void>((resume) => {
    whenChanged.push(() => resume(Effect.void))
  })

  const letGo = (attempt: Attempt, answer: Effect.Effect<void>): void => {
    inHand.delete(offerId(attempt.item))
    fork(answer)
    if (whenChanged.length === 0) return
    const waiting = whenChanged
    whenChanged = []
    for (const resume of waiting) resume()
  }

  const silent = new Set<number>()
  const listening = {
    failed: (partition: number, cause: Cause.Cause<OwnerUnavailable>) =>
      Effect.suspend(() => {
        if (silent.has(partition)) return Effect.void
        silent.add(partition)
        return Effect.logWarning(
          `worker ${worker} keeps asking the owner of partition ${partition}`,
          Cause.pretty(cause)
        )
      }),
    succeeded: (partition: number) =>
      silent.delete(partition) ? Effect.logInfo(`the owner of partition ${partition} answers again`) : Effect.void
  }

  const claims = yield* Batcher.make<ClaimRequest, ClaimAnswer, OwnerUnavailable>({
    call: (partition, questions) => owner.claim(partition, questions),
    weigh: () => CLAIM_BYTES,
    maxWeight: MAX_CALL_BYTES,
    ...listening
  })
  const reports = yield* Batcher.make<Report, ReportAnswer, OwnerUnavailable>({
    call: (partition, questions) => owner.report(partition, questions),
    weigh: reportBytes,
    maxWeight: MAX_CALL_BYTES,
    ...listening
  })

  const report = (attempt: Attempt, outcome: Outcome): void => {
    attempt.over = true
    attempt.alarm?.interruptUnsafe()
    const { attempt: number, executionId, partition, taskId } = attempt.item
    const { startedAt } = attempt
    const log = attempt.outputs.get("log")?.kept()
    const message: Report = {
      taskId,
      executionId,
      attempt: number,
      worker,
      startedAt,
      finishedAt: now(),
      outcome,
      ...(log === undefined ? {} : { output: { text: log.text, truncated: log.truncated } })
    }
    reports.ask(partition, message, () => letGo(attempt, attempt.delivery.ack))
  }

  const alarmIn = (attempt: Attempt, delayMs: number, then: () => void): void => {
    attempt.alarm?.interruptUnsafe()
    attempt.alarm = run(Effect.andThen(Effect.sleep(Math.max(0, delayMs)), Effect.sync(then)))
  }

  /** Interrupts a run; after `graceMs` it must end, and a little later it is abandoned. */
  const stop = (attempt: Attempt, reason: StopReason, graceMs: number): void => {
    attempt.stop(reason)
    if (attempt.fiber === undefined || attempt.over) return
    alarmIn(attempt, graceMs, () => {
      attempt.endNow()
      if (attempt.over) return
      alarmIn(attempt, LAST_MS, () => {
        if (attempt.over) return
        run(Effect.logError(`${offerId(attempt.item)} did not end when it had to and was abandoned`))
        report(attempt, ofAbandoned(attempt.item, attempt.stopReason ?? reason, attempt.left))
      })
    })
  }

  const begin = (attempt: Attempt): void => {
    const { item } = attempt
    attempt.startedAt = now()
    if (stopping) return report(attempt, ofStopped(item, "shutdown", undefined))
    const type = types.runner(item.taskType)
    if (type === undefined) {
      const known = types.names.filter((name) => types.runner(name) !== undefined)
      return report(attempt, ofUnknownType(item, known))
    }
    const { attempt: number, executionId, taskId } = item
    const fiber = fork(
      Effect.annotateLogs(
        Effect.suspend(() => type.attempt(item.taskArgs, attempt)),
        { taskId, executionId, attempt: number }
      )
    )
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return report(attempt, ofExit(item, exit, undefined, undefined))
    attempt.fiber = fiber
    alarmIn(attempt, item.timeoutMs, () => stop(attempt, "timeout", item.hardTimeoutMs - item.timeoutMs))
    fiber.addObserver((ended) => {
      if (!attempt.over) report(attempt, ofExit(item, ended, attempt.stopReason, attempt.left))
    })
    // A run may stop its own worker before it first waits.
    if (attempt.stopReason !== undefined) stop(attempt, attempt.stopReason, killGraceMs)
  }

  const answered = (attempt: Attempt, answer: ClaimAnswer): void => {
    if (answer.answer === "granted") return begin(attempt)
    if (answer.answer === "gone") return letGo(attempt, attempt.delivery.ack)
    letGo(attempt, attempt.delivery.retryAfter(answer.retryAfterMs))
  }

  const accept = (delivery: Delivery): void => {
    const id = offerId(delivery.item)
    const known = inHand.get(id)
    if (known !== undefined) {
      known.delivery = delivery
      return
    }
    const attempt = new Attempt(delivery, settings.maxOutputBytes, live)
    inHand.set(id, attempt)
    const { attempt: number, executionId, partition, taskId } = delivery.item
    const claim = { taskId, executionId, attempt: number, worker }
    claims.ask(partition, claim, (answer) => answered(attempt, answer))
  }

  /** Deliveries that came while all hands were full; kept alive like the others. */
  const waiting = new Set<Delivery>()

  const acceptAll = Effect.fnUntraced(function* (deliveries: ReadonlyArray<Delivery>) {
    for (const delivery of deliveries) waiting.add(delivery)
    while (waiting.size > 0) {
      for (const delivery of waiting) {
        if (inHand.size >= concurrency) break
        waiting.delete(delivery)
        accept(delivery)
      }
      if (waiting.size > 0) yield* changed
    }
  })

  const intake = Stream.runForEachArray(queue.take(options.queues, concurrency), acceptAll).pipe(
    Effect.tapError((error) => Effect.logWarning(`worker ${worker}: ${error.message}`)),
    Effect.retry(reconnecting),
    Effect.tapCause((cause) => Effect.logError(`worker ${worker} takes no more work`, cause))
  )

  const heartbeat = (partition: number, attempts: ReadonlyArray<Attempt>) =>
    owner
      .heartbeat(
        partition,
        attempts.map(({ item: { attempt, executionId, taskId }, startedAt }) => {
          return { taskId, executionId, attempt, worker, startedAt }
        })
      )
      .pipe(
        Effect.map((answers) => {
          for (const [index, attempt] of attempts.entries()) {
            if (answers[index] === "stop" && attempt.stopReason === undefined) stop(attempt, "cancelled", killGraceMs)
          }
        }),
        Effect.catchTag("OwnerUnavailable", (error) => listening.failed(partition, Cause.fail(error)))
      )

  const keepAlive = Effect.gen(function* () {
    const deliveries = [...waiting, ...[...inHand.values()].map(({ delivery }) => delivery)]
    yield* Effect.forEach(deliveries, (delivery) => delivery.inProgress, { discard: true })
    // Also those that are over: until the report is recorded, the claim is still this worker's.
    const begun = [...inHand.values()].filter(({ startedAt }) => startedAt !== "")
    const calls = [...Map.groupBy(begun, ({ item }) => item.partition)].flatMap(([partition, attempts]) =>
      Arr.chunksOf(attempts, MAX_HEARTBEATS).map((some) => ({ partition, some }))
    )
    yield* Effect.forEach(calls, ({ partition, some }) => heartbeat(partition, some), {
      concurrency: "unbounded",
      discard: true
    })
  })
  const everThird = Effect.forever(
    Effect.andThen(
      Effect.sleep(settings.leaseMs / 3),
      Effect.timeoutOption(keepAlive, settings.leaseMs / 3).pipe(
        Effect.catchCause((cause) => Effect.logError(`worker ${worker} could not keep its work alive`, cause))
      )
    )
  )

  const emptied = Effect.whileLoop({ while: () => inHand.size > 0, body: () => changed, step: () => {} })

  yield* Effect.forkScoped(everThird)
  const taking = yield* Effect.forkScoped(intake)

  /** Lets attempts end, hands over those that do not, and delivers the last reports. */
  const drain = Effect.gen(function* () {
    stopping = true
    yield* Fiber.interrupt(taking)
    yield* Effect.forEach(waiting, (delivery) => delivery.retryAfter(0), { discard: true })
    waiting.clear()
    yield* Effect.timeoutOption(emptied, stopGraceMs)
    for (const attempt of inHand.values()) stop(attempt, "shutdown", killGraceMs)
    yield* Effect.timeoutOption(emptied, killGraceMs + LAST_MS + FLUSH_MS)
    if (inHand.size > 0) {
      yield* Effect.logWarning(
        `worker ${worker} stops with ${inHand.size} attempts unreported: ${[...inHand.keys()].join(", ")}`
      )
    }
  })
  yield* Effect.addFinalizer(() => drain)
  yield* Effect.logDebug(`worker ${worker} takes from ${options.queues.join(", ")}, ${concurrency} at a time`)
})

/** Runs a worker for as long as the layer lives; stopping it drains it, see `WorkerOptions.stopGraceMs`. */
export const layer = (
  options: WorkerOptions
): Layer.Layer<never, never, TaskOwner | WorkQueue | TaskTypes | LiveFeed> => Layer.effectDiscard(start(options))
