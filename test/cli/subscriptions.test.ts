import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "../support/cli.ts"
import { aWorld } from "../support/scheduler.ts"

const pager = {
  name: "pager",
  patterns: ["scheduler.task.failure"],
  taskId: null,
  since: null,
  cursor: "41.999999999",
  createdAt: "2026-03-01T08:00:00.000Z",
  movedAt: "2026-03-02T08:00:00.000Z"
}
const event = (id: string) => ({
  id,
  type: "scheduler.task.failure",
  time: "2026-03-02T08:00:00.000Z",
  taskId: "backup",
  taskName: "backup"
})

describe("nagatha subscriptions", () => {
  it.effect("lists them, and removes one", () =>
    Effect.gen(function* () {
      const world = aWorld({ subscriptions: [pager] })
      const listed = yield* runCli(["subscriptions", "list"], { world })
      assert.match(listed.stdout, /NAME +EVENTS +TASK +LAST READ +MOVED/)
      assert.match(listed.stdout, /pager +scheduler\.task\.failure +- +41 +Mon 2026-03-02/)
      assert.deepStrictEqual(JSON.parse((yield* runCli(["subscriptions", "list", "--json"], { world })).stdout), [
        pager
      ])
      const removed = yield* runCli(["subscriptions", "remove", "pager"], { world })
      assert.strictEqual(removed.stdout, "removed subscription pager; whoever reads under its name begins anew\n")
      assert.deepStrictEqual(world.subscriptions, [])
      assert.strictEqual((yield* runCli(["subscriptions", "remove", "pager"], { world })).code, 4)
      assert.include((yield* runCli(["subscriptions", "list"], { world })).stderr, "nagatha events --durable NAME")
    })
  )
})

describe("nagatha events --durable", () => {
  it.effect("acknowledges what it has printed", () =>
    Effect.gen(function* () {
      const world = aWorld({ past: [event("5.0"), event("7.1")] })
      const ran = yield* runCli(["events", "failure", "--durable", "pager", "--json"], { world })
      assert.deepStrictEqual(
        ran.stdout
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { readonly id: string }).id),
        ["5.0", "7.1"]
      )
      assert.deepStrictEqual(world.acknowledged, ["pager 7.1"])
    })
  )
})
