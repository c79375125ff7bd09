import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { builtInTaskTypes } from "../../src/work/BuiltInTaskTypes.ts"
import { LiveFeed } from "../../src/work/LiveFeed.ts"
import { McpServers } from "../../src/work/mcp/McpServers.ts"
import { NotificationBus } from "../../src/work/notification/NotificationMessage.ts"
import { Plugins } from "../../src/work/plugins/Plugins.ts"
import { builtInDeclarations, TaskTypes } from "../../src/work/TaskTypes.ts"
import * as Worker from "../../src/work/Worker.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { attemptOf } from "../support/attempt.ts"
import { makeTestOwner, type TestOwner } from "../support/owner.ts"

const withWorker = <A, E>(use: (owner: TestOwner) => Effect.Effect<A, E, WorkQueue>) =>
  Effect.flatMap(makeTestOwner(60), (owner) =>
    Effect.provide(
      use(owner),
      Worker.layer({ worker: "w1", queues: ["shell"] }).pipe(
        Layer.provideMerge(WorkQueue.layerMemory),
        Layer.provide([
          owner.layer,
          LiveFeed.layerMemory(),
          TaskTypes.layer(builtInTaskTypes).pipe(
            Layer.provide([
              NotificationBus.layerMemory(),
              McpServers.layer({ directories: [], variables: {} }),
              Plugins.layerNone
            ])
          )
        ])
      )
    )
  )

const shell = (command: string, changes: { readonly timeoutMs?: number; readonly hardTimeoutMs?: number } = {}) =>
  attemptOf({ taskType: "shell_command", queue: "shell", taskArgs: { command }, ...changes }).item

describe("the built-in task types", () => {
  it("that can be run are those that can be scheduled", () => {
    assert.deepStrictEqual(
      builtInTaskTypes.map(({ name }) => name),
      builtInDeclarations.map(({ name }) => name)
    )
  })

  it.live("run under a worker", () =>
    withWorker((owner) =>
      Effect.gen(function* () {
        yield* (yield* WorkQueue).offer([shell("echo hello")])
        assert.deepStrictEqual((yield* owner.nextReport).outcome, {
          outcome: "done",
          result: { exitCode: 0, signal: null, stdout: "hello\n", stderr: "", truncated: false }
        })
      })
    )
  )

  it.live("time out with the output that there was, even when a command will not stop", () =>
    withWorker((owner) =>
      Effect.gen(function* () {
        const command = "trap '' TERM; echo so far; while :; do sleep 0.05; done"
        yield* (yield* WorkQueue).offer([shell(command, { timeoutMs: 1500, hardTimeoutMs: 1600 })])
        assert.deepStrictEqual((yield* owner.nextReport).outcome, {
          outcome: "failed",
          error: {
            code: "timeout",
            message: "took longer than 1500 ms and was stopped",
            detail: { exitCode: null, signal: "SIGKILL", stdout: "so far\n", stderr: "", truncated: false }
          }
        })
      })
    )
  )
})
