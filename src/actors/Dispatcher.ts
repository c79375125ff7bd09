/**
 * The dispatcher of a node: between the tasks that it owns and the work queue. Of what is due it releases to the workers,
 * in the order of each queue, what the limits of queue and key allow, and answers claims by the same limits.
 *
 * Limits hold over all workers, for every claim is asked here. They hold over restarts: what runs is known from the log,
 * or re-asserted by its worker, and counts; what began lately counts against rates; what an owner before had released and
 * nobody began is admitted at its claim. What an owner's last moments had begun and not recorded (`startedGraceMs`) counts
 * again with its worker's next heartbeat, and may until then stand beside one more.
 *
 * Exact for one node, which owns all partitions. Of several each would keep to its share of the limits: see `Share.ts`.
 */
import { Clock, Effect, Queue, Stream } from "effect"
import type { HeldBy } from "../events/QueueEvent.ts"
import type { Instant } from "../recurrence/Instant.ts"
import { toMillis } from "../recurrence/Instant.ts"
import * as Settings from "../Settings.ts"
import type { WorkItem } from "../work/Work.ts"
import { Dispatch, type LineView } from "./queue/Dispatch.ts"
import type { Offer, Place } from "./queue/Line.ts"
import { type Share, whole } from "./queue/Share.ts"
import type { Queues } from "./Queues.ts"
import { placeOf } from "./task/Placing.ts"
import type { OpenExecution, TaskState } from "./task/TaskState.ts"

export interface Dispatcher {
  /** All partitions of this node have told what runs: from now on it releases and admits; before, nothing begins. */
  start(): void
  /** Attempts whose time has come; those that go are handed on by `release`. */
  offer(offers: ReadonlyArray<Offer>): void
  /** Releases what may go now; call when all that was decided together has been told. */
  release(): void
  /** May an attempt begin? Undefined: it has; else how long until it is to be asked for again, milliseconds. */
  admit(executionId: string, attempt: number, place: Place, now: number): number | undefined
  /** What became of a task's executions; nothing is held any more for those that are not open. */
  follow(before: TaskState | undefined, after: TaskState): void
  /** Something of the past has begun: it counts against rates, while it is new enough. */
  remember(place: Place, startedAt: Instant): void
  /** Since when what has begun counts against any rate, milliseconds; Infinity where there is none. */
  remembersFrom(now: number): number
  /** Takes back an attempt that has not been released, to be offered anew; false where there is none. */
  takeBack(executionId: string, attempt: number): boolean
  readonly lines: () => ReadonlyArray<LineView>
  /** What holds an execution back; undefined where nothing does. */
  heldBy(executionId: string): HeldBy | undefined
}

export interface DispatcherOptions {
  /** Sends attempts to the workers. */
  readonly send: (items: ReadonlyArray<WorkItem>) => void
  readonly queues: Pick<Queues["Service"], "all" | "changes" | "of">
  readonly share?: Share
}

const openOf = (state: TaskState | undefined): ReadonlyArray<OpenExecution> =>
  state?._tag === "live" ? state.executions : []

/** How soon a claim is asked for again while this node still reads its partitions, milliseconds. */
const NOT_STARTED_MS = 100

/** From this many executions of a task on they are looked up by a map. */
const FEW = 8

const finder = (executions: ReadonlyArray<OpenExecution>) => {
  if (executions.length <= FEW) {
    return (executionId: string) => executions.find((one) => one.executionId === executionId)
  }
  const byId = new Map(executions.map((one) => [one.executionId, one]))
  return (executionId: string) => byId.get(executionId)
}

/** The dispatcher; it follows the queues for as long as its scope lives. */
export const make = Effect.fnUntraced(function* ({ queues, send, share = whole }: DispatcherOptions) {
  const clock = yield* Clock.Clock
  const { sliceMs } = yield* Settings.Current
  const dispatch = new Dispatch((queue) => {
    const facts = queues.of(queue)
    return facts === undefined
      ? { limits: {}, isPaused: false }
      : { limits: share(queue, facts.limits), isPaused: facts.paused !== null }
  })
  const sooner = yield* Queue.sliding<void>(1)
  let armedAt = Infinity
  let isStarted = false

  const release = () => {
    if (!isStarted) return
    const now = clock.currentTimeMillisUnsafe()
    const items = dispatch.take(now)
    if (items.length > 0) send(items)
    const next = dispatch.nextAt(now)
    if (next !== undefined && next < armedAt) {
      armedAt = next
      Queue.offerUnsafe(sooner, undefined)
    }
  }

  /** Wakes when a rate has room again; sleeps in slices, for the clock may be set. */
  const alarm = Effect.gen(function* () {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const next = dispatch.nextAt(now)
      armedAt = next ?? Infinity
      const told = Queue.take(sooner)
      yield* next === undefined ? told : Effect.raceFirst(told, Effect.sleep(Math.min(sliceMs, next - now)))
      release()
    }
  })
  yield* Effect.forkScoped(alarm)
  yield* queues.changes.pipe(
    Stream.runForEach(() =>
      Effect.sync(() => {
        dispatch.reconsider()
        release()
      })
    ),
    (following) => Effect.forkScoped(following, { startImmediately: true })
  )

  return {
    start: () => {
      isStarted = true
      release()
    },
    offer: (offers) => {
      // What had been released and was lost is sent again at once: it has its permit.
      const lost = offers.flatMap((offer) => dispatch.offer(offer) ?? [])
      if (lost.length > 0) send(lost)
    },
    release,
    admit: (executionId, attempt, place, now) =>
      isStarted ? dispatch.claim(executionId, attempt, place, now) : NOT_STARTED_MS,
    follow: (before, after) => {
      const [was, is] = [openOf(before), openOf(after)]
      if (was === is) return
      const nowOf = finder(is)
      for (const { attempt, executionId } of was) {
        const next = nowOf(executionId)
        if (next?.attempt === attempt && next.stage._tag !== "buffered" && next.stage._tag !== "steps") continue
        dispatch.leave(executionId, attempt)
      }
      const thenOf = finder(was)
      for (const execution of is) {
        const { attempt, executionId, stage } = execution
        if (stage._tag !== "claimed" || after._tag !== "live" || thenOf(executionId)?.stage === stage) continue
        dispatch.begin(executionId, attempt, placeOf(after, execution), stage.since)
      }
    },
    remember: (place, startedAt) => dispatch.started(place, toMillis(startedAt)),
    remembersFrom: (now) => {
      const longest = Math.max(
        0,
        ...queues.all().flatMap(({ limits: { keyRate, rate } }) => [rate?.perMs ?? 0, keyRate?.perMs ?? 0])
      )
      return longest === 0 ? Infinity : now - longest
    },
    takeBack: (executionId, attempt) => dispatch.takeBack(executionId, attempt),
    lines: () => dispatch.view(clock.currentTimeMillisUnsafe()),
    heldBy: (executionId) => dispatch.heldBy(executionId, clock.currentTimeMillisUnsafe())
  } satisfies Dispatcher
})
