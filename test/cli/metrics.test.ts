import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Refused, Unreachable } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"

const text = "# TYPE nagatha_tasks gauge\nnagatha_tasks 3\n"

describe("nagatha metrics", () => {
  it.effect("prints the text as it is, of the node that is asked, and nothing else", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      const metrics = (nodeId: string | undefined) => {
        asked.push(nodeId)
        return Effect.succeed({ nodeId: nodeId ?? "n1", text })
      }
      assert.deepStrictEqual(yield* runCli(["metrics"], { metrics }), { code: 0, stdout: text, stderr: "" })
      const other = yield* runCli(["metrics", "--node", "n2", "--json"], { metrics })
      assert.deepStrictEqual(JSON.parse(other.stdout), { nodeId: "n2", text })
      assert.deepStrictEqual(asked, [undefined, "n2"])
    })
  )

  it.effect("says what is wrong where no such node, or none at all, answers", () =>
    Effect.gen(function* () {
      const refused = new Refused({ code: "notFound", message: 'no node "n9" answers' })
      const unknown = yield* runCli(["metrics", "--node", "n9"], { metrics: () => Effect.fail(refused) })
      assert.deepStrictEqual(unknown, { code: 4, stdout: "", stderr: 'error: no node "n9" answers\n' })
      const away = new Unreachable({ message: "nagatha is not running" })
      const none = yield* runCli(["metrics"], { metrics: () => Effect.fail(away) })
      assert.deepStrictEqual([none.code, none.stdout], [3, ""])
    })
  )
})
