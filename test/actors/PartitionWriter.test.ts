/** A partition whose log cannot be gone on with is halted; the others go on, and nothing is lost. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announcements } from "../../src/actors/Announcements.ts"
import { Calendars } from "../../src/actors/Calendars.ts"
import type { CommandAnswer } from "../../src/actors/Envelope.ts"
import { Partitions } from "../../src/actors/Partitions.ts"
import { Queues } from "../../src/actors/Queues.ts"
import { CALENDARS_PARTITION } from "../../src/events/CalendarEvent.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { partitionOf } from "../../src/events/Partition.ts"
import * as Settings from "../../src/Settings.ts"
import type { ClaimAnswer } from "../../src/work/Work.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { definition, START } from "../support/task.ts"

const settings = { ...Settings.defaults, partitions: 2 }
const inPartition = (wanted: number): string =>
  ["a", "b", "c", "d", "e"].find((id) => partitionOf(id, 2) === wanted) ?? assert.fail("no id")
const [SICK, WELL] = [inPartition(0), inPartition(1)]

const head = (partition: number, previousSequence = 0, previousHash = "") => ({
  commitId: `x${partition}.${previousSequence}`,
  partition,
  time: "2026-03-02T09:00:00.000Z",
  previousSequence,
  previousHash
})

const node = Partitions.layer("n").pipe(
  Layer.provide(Layer.mergeAll(Calendars.layer("n"), Queues.layer("n"))),
  Layer.provide([WorkQueue.layerMemory, Announcements.layerMemory]),
  Layer.provide(Layer.succeed(Settings.Current, settings))
)

const ask = (partitions: Partitions["Service"], taskId: string) =>
  Effect.callback<CommandAnswer | string>((resume) => {
    const submitted = partitions.submit(partitionOf(taskId, 2), {
      _tag: "command",
      command: {
        type: "schedule",
        taskId,
        definition: definition({}),
        tzdata: "2026a",
        causedBy: { commandId: `c-${taskId}`, actor: "test" }
      },
      reply: (answer) => resume(Effect.succeed(answer))
    })
    if (submitted !== "accepted") resume(Effect.succeed(submitted))
  })

const cancel = (partitions: Partitions["Service"], taskId: string) =>
  Effect.callback<CommandAnswer>((resume) => {
    partitions.submit(partitionOf(taskId, 2), {
      _tag: "command",
      command: { type: "cancel", taskId, causedBy: { commandId: `x-${taskId}`, actor: "test" } },
      reply: (answer) => resume(Effect.succeed(answer))
    })
  })

const test = (name: string, body: Effect.Effect<void, unknown, EventLog>) =>
  it.effect(name, () =>
    Effect.andThen(TestClock.setTime(START), body).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
  )

const started = <A, E, R>(use: (partitions: Partitions["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(Partitions, use), node, { local: true })

const accept = { actor: "ann", reason: "a test" }

describe("a partition whose log cannot be gone on with", () => {
  test(
    "is halted alone; claims of its work wait, and after an acceptance it goes on, also after a restart",
    Effect.gen(function* () {
      const log = yield* EventLog
      yield* log.append(head(0), ["{"])
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          assert.strictEqual(yield* ask(partitions, SICK), "halted")
          assert.strictEqual((yield* ask(partitions, WELL) as Effect.Effect<CommandAnswer>)._tag, "done")
          assert.strictEqual(partitions.halted(0)?.troubles[0]?.kind, "unreadable")
          assert.isUndefined(partitions.halted(1))
          const claim = { taskId: SICK, executionId: `${SICK}@1`, attempt: 1, worker: "w" }
          const held = yield* Effect.callback<ReadonlyArray<ClaimAnswer>>((resume) => {
            partitions.submit(0, {
              _tag: "claims",
              claims: [claim],
              reply: (answers) => resume(Effect.succeed(answers))
            })
          })
          assert.strictEqual(held[0]?.answer, "held")
          assert.strictEqual((yield* Effect.flip(partitions.accept(1, accept))).code, "notHalted")
          assert.strictEqual((yield* partitions.accept(0, accept)).found.length, 1)
          yield* TestClock.adjust(0)
          assert.isUndefined(partitions.halted(0))
          assert.strictEqual((yield* ask(partitions, SICK) as Effect.Effect<CommandAnswer>)._tag, "done")
        })
      )
      yield* started((partitions) => Effect.sync(() => assert.isUndefined(partitions.halted(0))))
    })
  )

  test(
    "cannot be accepted where a newer version wrote it",
    Effect.gen(function* () {
      const log = yield* EventLog
      yield* log.append(head(0), ['{"type":"teleported","version":1,"taskId":"a"}'])
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          assert.strictEqual(partitions.halted(0)?.troubles[0]?.kind, "newer")
          assert.strictEqual((yield* Effect.flip(partitions.accept(0, accept))).code, "notAcceptable")
          assert.strictEqual(yield* log.lastSequence, 1)
        })
      )
    })
  )

  test(
    "halts all where it is what all tasks share, until that is accepted",
    Effect.gen(function* () {
      const log = yield* EventLog
      yield* log.append(head(CALENDARS_PARTITION), ["{"])
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          for (const id of [SICK, WELL]) assert.strictEqual(yield* ask(partitions, id), "halted")
          assert.strictEqual(partitions.halted(1)?.troubles[0]?.kind, "shared")
          yield* partitions.accept(CALENDARS_PARTITION, accept)
          yield* TestClock.adjust(0)
          for (const id of [SICK, WELL]) {
            assert.strictEqual((yield* ask(partitions, id) as Effect.Effect<CommandAnswer>)._tag, "done")
          }
        })
      )
    })
  )

  test(
    "says no to nothing that may be in the log already",
    Effect.gen(function* () {
      const log = yield* EventLog
      const silent = EventLog.of({
        ...log,
        append: (to, json) =>
          to.partition === 1 ? Effect.andThen(log.append(to, json), Effect.never) : log.append(to, json)
      })
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          const answers: Array<CommandAnswer | string> = []
          yield* ask(partitions, WELL).pipe(
            Effect.tap((answer) => Effect.sync(() => answers.push(answer))),
            (asking) => Effect.forkScoped(asking)
          )
          yield* TestClock.adjust(0)
          assert.strictEqual(yield* log.lastSequence, 1)
          yield* log.append(head(CALENDARS_PARTITION), ["{"])
          yield* TestClock.adjust(0)
          assert.strictEqual(partitions.halted(1)?.troubles[0]?.kind, "shared")
          assert.deepStrictEqual(answers, [])
        }, Effect.scoped)
      ).pipe(Effect.provideService(EventLog, silent))
    })
  )

  test(
    "is noticed while it runs, and once another node has accepted it",
    Effect.gen(function* () {
      const log = yield* EventLog
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          assert.strictEqual((yield* ask(partitions, SICK) as Effect.Effect<CommandAnswer>)._tag, "done")
          const before = yield* log.lastSequence
          // Not on the commit before: its hash is another.
          yield* log.append(head(0, before, "0000"), [])
          yield* TestClock.adjust(10 * settings.lookMs)
          assert.strictEqual(partitions.halted(0)?.troubles[0]?.kind, "edited")
          yield* started((other) => other.accept(0, accept))
          yield* TestClock.adjust(10_000)
          assert.isUndefined(partitions.halted(0))
        })
      )
    })
  )

  test(
    "is noticed while it runs where its end is gone: nothing more is decided on what is not there any more",
    Effect.gen(function* () {
      const log = yield* EventLog
      let cutAt = Infinity
      // A log whose end somebody has cut off: what stood there is gone, and the guard knows the end as it is now.
      const cut = <Item extends { readonly sequence: number }, E>(items: Stream.Stream<Item, E>) =>
        Stream.filter(items, ({ sequence }) => sequence <= cutAt)
      const shortened = EventLog.of({
        ...log,
        append: (at, json) =>
          at.previousSequence > cutAt ? Effect.succeed({ _tag: "conflict" }) : log.append(at, json),
        read: (partition, after) => cut(log.read(partition, after)),
        readAny: (partition, after) => cut(log.readAny(partition, after)),
        at: (partition, sequence) => (sequence > cutAt ? Effect.succeed(null) : log.at(partition, sequence))
      })
      yield* started(
        Effect.fnUntraced(function* (partitions) {
          assert.strictEqual((yield* ask(partitions, SICK) as Effect.Effect<CommandAnswer>)._tag, "done")
          const whole = yield* log.lastSequence
          yield* TestClock.adjust(0)
          cutAt = whole - 1
          const refused = yield* cancel(partitions, SICK)
          assert.strictEqual(refused._tag, "refused")
          assert.strictEqual(refused._tag === "refused" ? refused.refused.code : "", "partitionHalted")
          const [trouble, ...more] = partitions.halted(0)?.troubles ?? []
          assert.deepStrictEqual(more, [])
          assert.strictEqual(trouble?.kind, "shortened")
          assert.strictEqual(trouble?.logSequence, whole)
          // Also what is due is not decided, and nothing was stored.
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual(yield* log.lastSequence, whole)
          assert.isUndefined(partitions.halted(1))
          // Put back as it was it is gone on with by whoever starts next.
          cutAt = Infinity
          yield* started((next) => Effect.sync(() => assert.isUndefined(next.halted(0))))
        })
      ).pipe(Effect.provideService(EventLog, shortened))
    })
  )
})
