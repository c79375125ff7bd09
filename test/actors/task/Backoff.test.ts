/** How long a failed attempt is waited for, and which failures are not tried again. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { backoff, isRetried } from "../../../src/actors/task/Backoff.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { toMillis } from "../../../src/recurrence/Instant.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import type { SequenceArgs } from "../../../src/work/sequence/SequenceArgs.ts"
import { plan } from "../../../src/work/sequence/SequencePlan.ts"
import { TaskTypes } from "../../../src/work/TaskTypes.ts"
import { done, failed, History, START } from "../../support/task.ts"

const after = (policy: Parameters<typeof backoff>[0], failures: number, executionId = "a") =>
  backoff(policy, { executionId, failed: failures })

describe("the delay before the next attempt", () => {
  it("is doubled for each that failed, up to ten minutes, where the task says nothing else", () => {
    const delays = [0, 1, 2, 3, 9, 10, 1000].map((failures) => after({ backoffMs: 1000, jitter: 0 }, failures))
    assert.deepStrictEqual(delays, [1000, 2000, 4000, 8000, 512_000, 600_000, 600_000])
  })
  it("grows by the task's own factor, up to its own cap", () => {
    const policy = { backoffMs: 200, backoffFactor: 1.5, maxBackoffMs: 500, jitter: 0 }
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((failures) => after(policy, failures)),
      [200, 300, 450, 500]
    )
    const steady = { backoffMs: 200, backoffFactor: 1, jitter: 0 }
    assert.deepStrictEqual(
      [0, 7, 90].map((failures) => after(steady, failures)),
      [200, 200, 200]
    )
  })
  it("is another one for each execution, within the task's share", () => {
    for (const jitter of [0.1, 0.5, 1]) {
      const delays = Array.from({ length: 200 }, (_, index) => after({ backoffMs: 1000, jitter }, 2, `run-${index}`))
      assert.isTrue(delays.every((delay) => Math.abs(delay - 4000) <= 4000 * jitter))
      assert.isAbove(new Set(delays).size, 100)
      assert.isAbove(Math.max(...delays) - Math.min(...delays), 4000 * jitter)
    }
    assert.strictEqual(after({ backoffMs: 1000 }, 3), after({ backoffMs: 1000, jitter: 0.1 }, 3))
  })
  it("follows from the execution and its failures alone: every node waits as long, and so does every version", () => {
    const delays = [0, 1, 2].map((failures) => after({ backoffMs: 1000, jitter: 0.5 }, failures, "task-1@60"))
    assert.deepStrictEqual(delays, [539, 1070, 2186])
  })
})

describe("a failure", () => {
  const first = executionIdOf("task-1", START + 60_000)
  const failing = (code: string, changes: Partial<TaskDefinition>) => {
    const task = new History()
    task.schedule(changes)
    task.at(60_000).wake()
    task.claim(first)
    const outcome: Outcome = { outcome: "failed", error: { code, message: "no" } }
    return task.report(first, outcome)
  }
  it("whose code the task names is not tried again", () => {
    assert.strictEqual(failing("invalidLogin", { noRetryOn: ["invalidLogin"] }), "failure 1 invalidLogin, completed")
    assert.strictEqual(failing("timeout", { noRetryOn: ["invalidLogin"] }), "retry 1 timeout")
    assert.isTrue(isRetried({ backoffMs: 1 }, { code: "any", message: "" }))
  })
  it("is tried again after the delay that the task's policy says", () => {
    const task = new History()
    task.schedule({ backoffMs: 4000, backoffFactor: 3, maxBackoffMs: 10_000, jitter: 0 })
    task.at(60_000).wake()
    const waited = [1, 2, 3].map((attempt) => {
      task.claim(first, attempt)
      task.report(first, failed, attempt)
      const stage = task.state?._tag === "live" ? task.state.executions[0]?.stage : undefined
      const until = stage?._tag === "waiting" ? stage.until : 0
      const delay = until - task.now
      task.at(until - START).wake()
      return delay
    })
    assert.deepStrictEqual(waited, [4000, 10_000, 10_000])
  })
})

const types = Effect.runSync(
  Effect.scoped(Effect.map(Layer.build(TaskTypes.layerDeclared()), (context) => Context.get(context, TaskTypes)))
)

describe("a step of a sequence", () => {
  const steps = ["own", "plain"].map((name) => ({
    name,
    type: "shell_command",
    args: { command: "true" },
    ...(name === "own" ? { retries: 5, backoffMs: 50, backoffFactor: 1, jitter: 0, noRetryOn: ["bad"] } : {})
  }))
  const parent = executionIdOf("task-1", START + 60_000)
  const begun = () => {
    const task = new History()
    task.schedule({
      taskType: "sequence",
      queue: "sequence",
      taskArgs: Result.getOrThrow(plan({ steps } as SequenceArgs, types)),
      backoffMs: 7000,
      jitter: 0,
      noRetryOn: ["worse"]
    })
    task.at(60_000).wake()
    return task
  }
  const fails = (task: History, step: string, code: string, attempt = 1) => {
    task.claim(`${parent}.${step}`, attempt)
    return task.report(`${parent}.${step}`, { outcome: "failed", error: { code, message: "no" } }, attempt)
  }
  const delay = (task: History) => {
    const last = task.log.at(-1)
    return last?.type === "retry" ? toMillis(last.nextAttemptAt) - task.now : last?.type
  }

  it("is retried by its own policy", () => {
    const task = begun()
    assert.strictEqual(fails(task, "own", "worse"), "retry 1 worse")
    assert.strictEqual(delay(task), 50)
    task.at(60_050).wake()
    assert.match(fails(task, "own", "bad", 2), /^failure 2 bad, failure 1 stepFailed/)
  })
  it("is retried by the policy of its task where it has none", () => {
    const task = begun()
    task.claim(`${parent}.own`)
    task.report(`${parent}.own`, done)
    assert.strictEqual(fails(task, "plain", "bad"), "retry 1 bad")
    assert.strictEqual(delay(task), 7000)
    task.at(67_000).wake()
    assert.match(fails(task, "plain", "worse", 2), /^failure 2 worse, failure 1 stepFailed/)
  })
})
