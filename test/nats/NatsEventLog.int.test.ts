import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Queue, Stream } from "effect"
import { EventLog } from "../../src/events/EventLog.ts"
import { event, eventLogContract } from "../events/eventLogContract.ts"
import { freshLog } from "../support/natsLog.ts"
import { startNatsServer, type TestServer } from "../support/natsServer.ts"

let server: TestServer
beforeAll(async () => {
  server = await startNatsServer()
})
afterAll(() => server.stop())

describe("the event log in JetStream", () => {
  eventLogContract(() => freshLog(server))

  it.live("calls an append to a killed server unknown, and goes on following after its restart", () =>
    Effect.gen(function* () {
      const log = yield* EventLog
      const seen = yield* Queue.unbounded<string>()
      yield* log.follow(0).pipe(
        Stream.runForEach((recorded) => Queue.offer(seen, recorded.commit.events[0]?.taskId ?? "")),
        Effect.forkScoped
      )
      const head = {
        commitId: "a",
        partition: 1,
        time: "2026-03-08T14:30:00.000Z",
        previousSequence: 0,
        previousHash: ""
      }
      const first = yield* log.append(head, [JSON.stringify(event("before"))])
      assert.strictEqual(first._tag, "stored")
      assert.strictEqual(yield* Queue.take(seen), "before")
      const sequence = first._tag === "stored" ? first.sequence : 0

      yield* Effect.promise(() => server.kill())
      yield* Effect.promise(() => server.restart())
      let outcome = yield* log.append({ ...head, commitId: "b", previousSequence: sequence }, [
        JSON.stringify(event("after"))
      ])
      while (outcome._tag === "unknown") {
        const tail = yield* Stream.runCollect(log.read(1, sequence))
        if (tail.length > 0) break
        outcome = yield* log.append({ ...head, commitId: "b", previousSequence: sequence }, [
          JSON.stringify(event("after"))
        ])
      }
      assert.strictEqual(yield* Queue.take(seen), "after")
      assert.strictEqual((yield* Stream.runCollect(log.read(1, 0))).length, 2)
    }).pipe(Effect.scoped, Effect.provide(freshLog(server), { local: true }))
  )
})
