import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as PublicFeed from "../../src/memory/PublicFeed.ts"

describe("the public feed", () => {
  it.effect("is heard from the moment of subscribing, by each in a copy of his own", () =>
    Effect.gen(function* () {
      const feed = yield* PublicFeed.make
      feed.publish("scheduler.task.due", { nobody: "hears this" })
      const [one, other] = [yield* feed.subscribe("scheduler.task.*"), yield* feed.subscribe("scheduler.>")]
      feed.publish("scheduler.notification.info", { message: "hello" })
      feed.publish("scheduler.task.due", { taskId: "t" })
      const [heard] = yield* Stream.runCollect(Stream.take(one, 1))
      assert.deepStrictEqual(heard, { taskId: "t" })
      Object.assign(heard as object, { taskId: "changed" })
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(other, 2)), [{ message: "hello" }, { taskId: "t" }])
    }).pipe(Effect.scoped)
  )
})
