import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { describe } from "vitest"
import { EventLog } from "../../src/events/EventLog.ts"
import { event, eventLogContract } from "./eventLogContract.ts"

describe("the event log in memory", () => {
  eventLogContract(() => EventLog.layerMemory)

  it.effect("holds 100,000 commits, of which each reader gets his part", () =>
    Effect.gen(function* () {
      const log = yield* EventLog
      const json = [JSON.stringify(event("a"))]
      const last = [0, 0, 0, 0]
      const append = Effect.fnUntraced(function* (index: number) {
        const partition = index % 4
        const previousSequence = last[partition] ?? 0
        const head = {
          commitId: `${index}`,
          partition,
          time: "2026-03-08T14:30:00.000Z",
          previousSequence,
          previousHash: ""
        }
        const outcome = yield* log.append(head, json)
        if (outcome._tag === "stored") last[partition] = outcome.sequence
      })
      for (let index = 0; index < 100_000; index++) yield* append(index)
      assert.strictEqual(yield* log.lastSequence, 100_000)
      const tail = yield* Stream.runCollect(log.read(2, 99_990))
      assert.deepStrictEqual(
        tail.map(({ sequence }) => sequence),
        [99_991, 99_995, 99_999]
      )
      const followed = yield* Stream.runCollect(Stream.take(log.follow(99_998), 2))
      assert.deepStrictEqual(
        followed.map(({ sequence }) => sequence),
        [99_999, 100_000]
      )
    }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
  )
})
