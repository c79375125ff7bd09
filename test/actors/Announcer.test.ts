import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Announcer from "../../src/actors/Announcer.ts"
import { announcementId, Announcements, type Recorded } from "../../src/actors/Announcements.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { appendEvents, scheduled } from "../support/events.ts"

/** Commits of 1,000 events: more than are kept waiting. */
const COMMITS = Math.ceil(Announcer.WAITING_LIMIT / 1000) + 20
const TOTAL = COMMITS * 1000

describe("the announcer", () => {
  it.effect("keeps a bounded number in memory while it cannot speak, and then says all from the log in order", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const all = yield* Latch.make()
      const said: Array<Recorded> = []
      const announcements = Layer.succeed(
        Announcements,
        Announcements.of({
          announce: (events) =>
            Effect.gen(function* () {
              yield* gate.await
              said.push(...events)
              if (said.length >= TOTAL) yield* all.open
            }),
          last: () => Effect.sync(() => said.at(-1) ?? null),
          keptMs: Infinity,
          disturbed: Stream.never
        })
      )
      let read = 0
      const inner = yield* EventLog
      const log = Layer.succeed(
        EventLog,
        EventLog.of({
          ...inner,
          readAny: (...from) => Stream.tap(inner.readAny(...from), () => Effect.sync(() => read++))
        })
      )
      const announcer = yield* Announcer.make.pipe(
        Effect.provide(Layer.mergeAll(log, announcements, WorkQueue.layerMemory), { local: true })
      )
      announcer.begin(0, () => "queue")
      yield* TestClock.adjust(0)
      const events = Array.from({ length: 1000 }, (_, index) => scheduled(`task-${index}`)[0]).filter(
        (event) => event !== undefined
      )
      let sequence = 0
      for (let commit = 0; commit < COMMITS; commit++) {
        sequence = yield* appendEvents(events, sequence)
        announcer.accept(events.map((event, index) => ({ partition: 0, sequence, index, queue: "queue", event })))
      }
      yield* gate.open
      yield* all.await
      assert.strictEqual(said.length, TOTAL)
      assert.deepStrictEqual(
        said.map(announcementId),
        Array.from({ length: TOTAL }, (_, index) =>
          announcementId({ sequence: Math.floor(index / events.length) + 1, index: index % events.length })
        )
      )
      assert.isAtLeast(read, 20)
    }).pipe(Effect.provide(EventLog.layerMemory))
  )

  it.effect(
    "says what a log holds that is shorter than what was announced before: another one, or what is left of it",
    () =>
      Effect.gen(function* () {
        const said: Array<Recorded> = []
        const complaints: Array<string> = []
        const announcements = Layer.succeed(
          Announcements,
          Announcements.of({
            announce: (events) => Effect.sync(() => void said.push(...events)),
            last: () => Effect.succeed({ sequence: 99, index: 0 }),
            keptMs: Infinity,
            disturbed: Stream.never
          })
        )
        yield* Effect.gen(function* () {
          const [event] = scheduled("task-1")
          if (event === undefined) throw new Error("no event")
          yield* appendEvents([event], 0)
          const announcer = yield* Announcer.make
          announcer.begin(0, () => "queue")
          yield* TestClock.adjust(0)
        }).pipe(
          Effect.provide(Layer.mergeAll(announcements, WorkQueue.layerMemory), { local: true }),
          Effect.provide(Logger.layer([Logger.make(({ message }) => void complaints.push(String(message)))]))
        )
        assert.deepStrictEqual(said.map(announcementId), ["1.0"])
        assert.match(
          complaints.join("\n"),
          /the log ends at log sequence 1, but events of partition 0 up to 99 have been announced/
        )
      }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
  )
})
