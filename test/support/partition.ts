/**
 * A partition in memory: one log that can be told to fail, and as many nodes on it as a test wants, each with the real
 * actor and announcer. Time is the test's.
 */
import { Clock, Deferred, Effect, Exit, Latch, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Announcer from "../../src/actors/Announcer.ts"
import * as Dispatcher from "../../src/actors/Dispatcher.ts"
import type { Refused } from "../../src/actors/door/TaskRequest.ts"
import { type LimitChanges, Queues } from "../../src/actors/Queues.ts"
import { Announcements, announcementId, AnnouncingFailed, type Recorded } from "../../src/actors/Announcements.ts"
import type { CommandAnswer, Envelope } from "../../src/actors/Envelope.ts"
import type { TaskCommand } from "../../src/actors/task/Task.ts"
import { none } from "../../src/actors/task/ExcludedDays.ts"
import * as PartitionActor from "../../src/actors/PartitionActor.ts"
import * as Commit from "../../src/events/Commit.ts"
import { type AppendOutcome, CommitTooLarge, EventLog } from "../../src/events/EventLog.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import type { ClaimAnswer, HeartbeatAnswer, Outcome, ReportAnswer, WorkItem } from "../../src/work/Work.ts"
import { offerId } from "../../src/work/Work.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { definition, START } from "./task.ts"

/** What an append does instead: it is stored and nobody says so, it is not stored, or it is stored while the next one is on its way. */
export type Fault = "unknownStored" | "unknownLost" | "unknownLate"

export interface PartitionWorld {
  readonly faults: Array<Fault>
  /** Numbers of events of the commits that were tried, in order. */
  readonly appends: Array<number>
  /** Closed: an append waits before it reaches the log. */
  readonly gate: Latch.Latch
  /** All that was said, by id. */
  readonly said: Array<string>
  /** Announcing fails so many times. */
  silent: number
  /** Offers made, by id. */
  readonly offers: Array<string>
  /** Events of the log. */
  readonly events: Effect.Effect<ReadonlyArray<TaskEvent>>
  /** Ids under which the log's events are to be announced. */
  readonly ids: Effect.Effect<ReadonlyArray<string>>
  readonly commits: Effect.Effect<number>
  start(nodeId: string): Effect.Effect<TestNode>
}

export interface TestNode {
  readonly actor: PartitionActor.PartitionActor
  readonly dispatcher: Dispatcher.Dispatcher
  /** Says something about the queue of the test's tasks. */
  queue(
    command: { readonly type: "set"; readonly changes: LimitChanges } | { readonly type: "pause" | "resume" }
  ): Effect.Effect<void, Refused>
  readonly stop: Effect.Effect<void>
  command(command: TaskCommand): Effect.Effect<CommandAnswer>
  schedule(taskId: string, changes?: Partial<TaskDefinition>, commandId?: string): Effect.Effect<CommandAnswer>
  cancel(taskId: string, commandId?: string): Effect.Effect<CommandAnswer>
  claim(executionId: string, attempt?: number, worker?: string): Effect.Effect<ClaimAnswer["answer"] | undefined>
  beat(executionId: string, attempt?: number, worker?: string): Effect.Effect<HeartbeatAnswer | undefined>
  report(
    executionIds: ReadonlyArray<string>,
    outcome: Outcome,
    attempt?: number
  ): Effect.Effect<ReadonlyArray<ReportAnswer>>
  /** Everything that was asked, or was due, before has been dealt with, offered and said. */
  readonly settled: Effect.Effect<void>
}

const taskOf = (executionId: string): string => executionId.split("@")[0] ?? ""

const ask = <A>(actor: PartitionActor.PartitionActor, question: (reply: (answer: A) => void) => Envelope) =>
  Effect.gen(function* () {
    const answer = yield* Deferred.make<A>()
    if (!actor.submit(question((given) => Deferred.doneUnsafe(answer, Exit.succeed(given))))) {
      return yield* Effect.die(new Error("turned away"))
    }
    return yield* Deferred.await(answer)
  })

/** A world whose log takes commits of up to `maxCommitBytes`; the clock stands at `START`. */
export const makePartition = Effect.fnUntraced(function* (maxCommitBytes = 1_000_000) {
  yield* TestClock.setTime(START)
  const inner = yield* EventLog
  const faults: Array<Fault> = []
  const appends: Array<number> = []
  const said: Array<string> = []
  const offers: Array<string> = []
  const gate = yield* Latch.make(true)
  let late: Effect.Effect<unknown> = Effect.void

  const log = EventLog.of({
    ...inner,
    maxCommitBytes,
    append: Effect.fnUntraced(function* (head, json) {
      yield* gate.await
      const bytes = Buffer.byteLength(Commit.encode(head, json))
      if (bytes > maxCommitBytes) return yield* new CommitTooLarge({ bytes, limit: maxCommitBytes })
      appends.push(json.length)
      const overdue = late
      late = Effect.void
      yield* overdue
      const unknown: AppendOutcome = { _tag: "unknown", reason: "timed out" }
      const fault = faults.shift()
      if (fault === "unknownLost") return unknown
      const store = inner.append(head, json)
      if (fault === "unknownLate") {
        late = Effect.orDie(store)
        return unknown
      }
      const outcome = yield* store
      return fault === undefined ? outcome : unknown
    })
  })
  const commits = Effect.orDie(Stream.runCollect(inner.read(0, 0)))
  const world: Omit<PartitionWorld, "start"> = {
    faults,
    appends,
    gate,
    said,
    silent: 0,
    offers,
    events: Effect.map(commits, (all) => all.flatMap(({ commit }) => commit.events)),
    ids: Effect.map(commits, (all) =>
      all.flatMap(({ commit, sequence }) => commit.events.map((_, index) => announcementId({ sequence, index })))
    ),
    commits: Effect.map(commits, (all) => all.length)
  }
  const held: Array<Recorded> = []
  const announcements = Announcements.of({
    announce: (events) =>
      Effect.suspend(() => {
        if (made.silent > 0) {
          made.silent -= 1
          return Effect.fail(new AnnouncingFailed({ reason: "the server is away" }))
        }
        held.push(...events)
        said.push(...events.map(announcementId))
        return Effect.void
      }),
    last: () => Effect.sync(() => held.at(-1) ?? null),
    keptMs: Infinity,
    disturbed: Stream.never
  })
  const workQueue = WorkQueue.of({
    offer: (items: ReadonlyArray<WorkItem>) => Effect.sync(() => void offers.push(...items.map(offerId))),
    held: Effect.sync(() => new Set(offers)),
    take: () => Stream.never
  })
  const ports = Layer.mergeAll(
    Layer.succeed(EventLog, log),
    Layer.succeed(Announcements, announcements),
    Layer.succeed(WorkQueue, workQueue)
  )

  const start = Effect.fnUntraced(function* (nodeId: string) {
    const scope = yield* Effect.acquireRelease(Scope.make(), (one) => Scope.close(one, Exit.void))
    const { actor, dispatcher, queues } = yield* Effect.gen(function* () {
      const announcer = yield* Announcer.make
      const queues = yield* Queues
      const dispatcher = yield* Dispatcher.make({ send: announcer.offer, queues })
      const actor = yield* Effect.orDie(PartitionActor.make(0, nodeId, announcer, dispatcher, none))
      dispatcher.start()
      return { actor, dispatcher, queues }
    }).pipe(
      Effect.provide([Queues.layer(nodeId).pipe(Layer.provideMerge(ports))], { local: true }),
      Scope.provide(scope)
    )
    let commands = 0
    const command = (taskId: string, commandId = `${nodeId}-${(commands += 1)}`) => ({
      taskId,
      causedBy: { commandId, actor: "test" }
    })
    const node: TestNode = {
      actor,
      dispatcher,
      queue: (command) =>
        Effect.andThen(
          queues.change({
            queue: "shell_command",
            causedBy: { commandId: `q${nodeId}-${(commands += 1)}`, actor: "test" },
            ...command
          }),
          node.settled
        ),
      stop: Scope.close(scope, Exit.void),
      command: (asked) => ask<CommandAnswer>(actor, (reply) => ({ _tag: "command", reply, command: asked })),
      schedule: (taskId, changes = {}, commandId) =>
        ask<CommandAnswer>(actor, (reply) => ({
          _tag: "command",
          reply,
          command: {
            type: "schedule",
            definition: definition(changes),
            tzdata: "2026a",
            ...command(taskId, commandId)
          }
        })),
      cancel: (taskId, commandId) =>
        ask<CommandAnswer>(actor, (reply) => ({
          _tag: "command",
          reply,
          command: { type: "cancel", ...command(taskId, commandId) }
        })),
      claim: (executionId, attempt = 1, worker = "w1") =>
        Effect.map(
          ask<ReadonlyArray<ClaimAnswer>>(actor, (reply) => ({
            _tag: "claims",
            claims: [{ taskId: taskOf(executionId), executionId, attempt, worker }],
            reply
          })),
          ([answer]) => answer?.answer
        ),
      beat: (executionId, attempt = 1, worker = "w1") =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.map(
            ask<ReadonlyArray<HeartbeatAnswer>>(actor, (reply) => ({
              _tag: "heartbeats",
              heartbeats: [{ taskId: taskOf(executionId), executionId, attempt, worker, startedAt: fromMillis(now) }],
              reply
            })),
            ([answer]) => answer
          )
        ),
      report: (executionIds, outcome, attempt = 1) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          ask<ReadonlyArray<ReportAnswer>>(actor, (reply) => ({
            _tag: "reports",
            reports: executionIds.map((executionId) => ({
              taskId: taskOf(executionId),
              executionId,
              attempt,
              worker: "w1",
              startedAt: fromMillis(now),
              finishedAt: fromMillis(now),
              outcome
            })),
            reply
          }))
        ),
      settled: Effect.suspend(() => Effect.andThen(node.cancel("nobody"), TestClock.adjust(0)))
    }
    return node
  })
  const made: PartitionWorld = { ...world, start: (nodeId) => Effect.provideService(start(nodeId), Scope.Scope, outer) }
  const outer = yield* Effect.scope
  return made
})
