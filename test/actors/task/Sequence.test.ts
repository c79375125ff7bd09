/** The rules of sequences: order, dependencies, failure, conditions, references, nesting, cancellation. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import type { TaskArgs } from "../../../src/events/TaskDefinition.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskEvent } from "../../../src/events/TaskEvent.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import type { SequenceArgs, SequenceResult } from "../../../src/work/sequence/SequenceArgs.ts"
import { plan } from "../../../src/work/sequence/SequencePlan.ts"
import { TaskTypes } from "../../../src/work/TaskTypes.ts"
import { randomOf } from "../../support/random.ts"
import { failed, History, START } from "../../support/task.ts"

const types = Effect.runSync(
  Effect.scoped(Effect.map(Layer.build(TaskTypes.layerDeclared()), (context) => Context.get(context, TaskTypes)))
)

type Steps = NonNullable<SequenceArgs["steps"]>

const planned = (steps: ReadonlyArray<Partial<Steps[number]>>): Result.Result<TaskArgs, { readonly message: string }> =>
  plan(
    { steps: steps.map((step) => ({ type: "shell_command", args: { command: "true" }, ...step })) } as SequenceArgs,
    types
  )
const problem = (steps: ReadonlyArray<Partial<Steps[number]>>): string =>
  Result.match(planned(steps), { onFailure: ({ message }) => message, onSuccess: () => "planned" })

const PARENT = executionIdOf("task-1", START + 60_000)
const done = (result: TaskArgs = {}): Outcome => ({ outcome: "done", result })

/** A sequence whose occurrence has become due. */
class Sequence {
  readonly task = new History()

  constructor(steps: ReadonlyArray<Partial<Steps[number]>>, changes: { readonly maxRetries?: number } = {}) {
    const taskArgs = Result.getOrThrow(planned(steps))
    this.task.schedule({ taskType: "sequence", queue: "sequence", taskArgs, maxRetries: 0, ...changes })
    this.task.at(60_000).wake()
  }

  /** Steps that wait for a worker, or are with one. */
  get open(): ReadonlyArray<string> {
    const { state } = this.task
    if (state?._tag !== "live") return []
    return state.executions.flatMap(({ executionId, stage }) =>
      stage._tag === "steps" ? [] : [executionId.slice(PARENT.length + 1)]
    )
  }

  end(step: string, outcome: Outcome, attempt = 1): this {
    assert.strictEqual(this.task.claim(`${PARENT}.${step}`, attempt), "granted", step)
    this.task.report(`${PARENT}.${step}`, outcome, attempt)
    return this
  }

  get result(): SequenceResult | undefined {
    const last = this.task.log.findLast(
      (event) => (event.type === "success" || event.type === "failure") && event.executionId === PARENT
    )
    const value = last?.type === "success" ? last.result : last?.type === "failure" ? last.error.detail : undefined
    return value as SequenceResult | undefined
  }

  get statuses(): string {
    return (this.result?.steps ?? []).map(({ name, status }) => `${name} ${status}`).join(", ")
  }

  dueArgs(step: string): TaskArgs | undefined {
    const due = this.task.log.find(
      (event): event is Extract<TaskEvent, { type: "due" }> => event.type === "due" && event.stepName === step
    )
    return due?.stepArgs
  }
}

describe("a sequence", () => {
  it("runs its steps one after another where none says what it depends on", () => {
    const sequence = new Sequence([{ name: "a" }, { name: "b" }, {}])
    assert.deepStrictEqual(sequence.open, ["a"])
    assert.deepStrictEqual(sequence.end("a", done()).open, ["b"])
    assert.deepStrictEqual(sequence.end("b", done()).open, ["step-3"])
    sequence.end("step-3", done({ exitCode: 0 }))
    assert.deepStrictEqual(
      { ...sequence.result, steps: sequence.statuses },
      { completedSteps: 3, totalSteps: 3, failedStep: null, steps: "a completed, b completed, step-3 completed" }
    )
    assert.deepStrictEqual(sequence.result?.steps[2]?.result, { exitCode: 0 })
    assert.strictEqual(sequence.task.log.at(-1)?.type, "completed")
  })
  it("begins what no longer waits for anything at once, and waits for all that a step depends on", () => {
    const sequence = new Sequence([
      { name: "join", dependsOn: ["left", "right"] },
      { name: "left", dependsOn: ["start"] },
      { name: "right", dependsOn: ["start"] },
      { name: "start", dependsOn: [] }
    ])
    assert.deepStrictEqual(sequence.open, ["start"])
    assert.deepStrictEqual(sequence.end("start", done()).open, ["left", "right"])
    assert.deepStrictEqual(sequence.end("right", done()).open, ["left"])
    assert.deepStrictEqual(sequence.end("left", done()).open, ["join"])
  })
  it("stops at a failure: what runs ends, nothing further begins, and the failed step is named", () => {
    const sequence = new Sequence([
      { name: "a", dependsOn: [] },
      { name: "b", dependsOn: [] },
      { name: "c", dependsOn: ["b"] }
    ])
    sequence.end("a", failed)
    assert.strictEqual(sequence.statuses, "")
    sequence.end("b", done())
    assert.strictEqual(sequence.statuses, "a failed, b completed, c skipped")
    assert.strictEqual(sequence.result?.failedStep, "a")
    assert.include(sequence.result?.steps[2]?.reason ?? "", '"a" failed')
    const outcome = sequence.task.log.find((event) => event.type === "failure" && event.executionId === PARENT)
    assert.strictEqual(outcome?.type === "failure" ? outcome.error.code : "", "stepFailed")
  })
  it("passes over a failure where the step says so", () => {
    const sequence = new Sequence([{ name: "a", onFailure: "continue" }, { name: "b" }])
    assert.deepStrictEqual(sequence.end("a", failed).open, ["b"])
    sequence.end("b", done())
    assert.strictEqual(sequence.statuses, "a failed, b completed")
    assert.isNull(sequence.result?.failedStep)
    assert.isTrue(sequence.task.log.some((event) => event.type === "success" && event.executionId === PARENT))
  })
  it("tries a step again by the step's own number of retries, else the task's", () => {
    const sequence = new Sequence([{ name: "a", retries: 1 }, { name: "b" }], { maxRetries: 0 })
    sequence.end("a", failed)
    sequence.task.at(120_000).wake()
    sequence.end("a", done(), 2)
    sequence.end("b", failed)
    assert.strictEqual(sequence.statuses, "a completed, b failed")
  })
  it("gives later steps what earlier ones gave, as a value or in a text", () => {
    const sequence = new Sequence([
      { name: "a" },
      { name: "b", args: { command: "echo {{ steps.a.result.rows[1].id }} of {{steps.a.result.rows}}", env: {} } },
      { name: "c", type: "notification", args: { message: "{{ steps.b.result.text }}" } }
    ])
    sequence.end("a", done({ rows: [{ id: 1 }, { id: 2 }] }))
    assert.deepStrictEqual(sequence.dueArgs("b"), { command: 'echo 2 of [{"id":1},{"id":2}]', env: {} })
    sequence.end("b", done({ text: "hello {{ steps.a.result }}" }))
    // What a step gave is a value: it is not read again.
    assert.strictEqual(sequence.dueArgs("c")?.["message"], "hello {{ steps.a.result }}")
  })
  it("fails a step for good whose reference has no value", () => {
    const sequence = new Sequence([{ name: "a" }, { name: "b", args: { command: "{{ steps.a.result.gone }}" } }])
    sequence.end("a", done({ here: 1 }))
    assert.strictEqual(sequence.statuses, "a completed, b failed")
    assert.include(sequence.result?.steps[1]?.error?.message ?? "", "{{ steps.a.result.gone }} has no value")
  })
  it("runs a step only if its condition on an earlier result holds, and goes on without it", () => {
    const sequence = new Sequence([
      { name: "a" },
      { name: "is", when: { step: "a", path: "code", is: 0 } },
      { name: "isNot", when: { step: "a", path: "code", isNot: 0 } },
      { name: "there", when: { step: "a", path: "flag" } },
      { name: "last" }
    ])
    sequence
      .end("a", done({ code: 0, flag: false }))
      .end("is", done())
      .end("last", done())
    assert.strictEqual(sequence.statuses, "a completed, is completed, isNot skipped, there skipped, last completed")
  })
  it("may be a step of a sequence", () => {
    const inner = { steps: [{ name: "x", type: "shell_command", args: { command: "true" } }] }
    const sequence = new Sequence([{ name: "a" }, { name: "b", type: "sequence", args: inner }, { name: "c" }])
    assert.deepStrictEqual(sequence.end("a", done()).open, ["b.x"])
    assert.deepStrictEqual(sequence.end("b.x", done()).open, ["c"])
    sequence.end("c", failed)
    assert.strictEqual(sequence.statuses, "a completed, b completed, c failed")
  })
  it("ends with its steps when the task is cancelled", () => {
    const sequence = new Sequence([{ name: "a" }, { name: "b" }])
    sequence.task.claim(`${PARENT}.a`)
    sequence.task.cancel()
    assert.strictEqual(sequence.task.beat(`${PARENT}.a`), "stop")
    sequence.task.report(`${PARENT}.a`, { outcome: "cancelled", error: { code: "cancelled", message: "stopped" } })
    assert.strictEqual(sequence.task.state?._tag, "ended")
    assert.strictEqual(sequence.statuses, "a failed, b skipped")
    const waiting = new Sequence([{ name: "a" }, { name: "b" }])
    waiting.task.cancel()
    assert.strictEqual(waiting.task.state?._tag, "ended")
    assert.strictEqual(waiting.task.claim(`${PARENT}.a`), "gone")
  })
  it("begins no further step when a step's report comes twice, or too late", () => {
    const sequence = new Sequence([{ name: "a" }, { name: "b" }])
    sequence.end("a", done())
    const before = sequence.task.log.length
    assert.strictEqual(sequence.task.report(`${PARENT}.a`, done()), "")
    assert.strictEqual(sequence.task.log.length, before)
    assert.strictEqual(sequence.task.claim(PARENT), "gone")
  })
  it("is one open execution to the overlap rule, however many steps run", () => {
    const sequence = new Sequence([
      { name: "a", dependsOn: [] },
      { name: "b", dependsOn: [] }
    ])
    const due = sequence.task.log.filter((event) => event.type === "due" && event.parentExecutionId === undefined)
    assert.strictEqual(due.length, 1)
    assert.strictEqual(sequence.task.state?._tag === "live" ? sequence.task.state.runs : 0, 1)
  })
})

describe("the plan of a sequence", () => {
  it("is refused with the place: names, order, cycles, references, arguments of steps", () => {
    assert.strictEqual(problem([{ name: "a" }]), "planned")
    assert.include(problem([{ name: "a" }, { name: "a" }]), 'steps[1].name: "a" is there twice')
    assert.include(problem([{ name: "a", dependsOn: ["z"] }]), 'steps[0].dependsOn: there is no step "z"; there are a')
    assert.include(
      problem([
        { name: "a", dependsOn: ["b"] },
        { name: "b", dependsOn: ["a"] },
        { name: "c", dependsOn: [] }
      ]),
      "these steps wait for each other: a, b"
    )
    assert.include(problem([{ name: "a", type: "teleport" }]), 'steps[0].type: the task type "teleport" is not known')
    assert.include(problem([{ name: "a", args: { comand: "x" } }]), "steps[0].args")
    assert.include(
      problem([{ name: "a", args: { command: "{{ steps.b.result }}" } }, { name: "b" }]),
      'refers to the step "b", which does not come before this one'
    )
    assert.include(problem([{ name: "a", args: { command: "{{ steps.z.result }}" } }]), "which is not there")
    assert.include(problem([{ name: "a", args: { command: "{{ process.env.HOME }}" } }]), "is no reference")
    assert.include(problem([{ name: "a" }, { name: "b", when: { step: "c" } }]), 'the step "c", which is not there')
  })
  it("is nested at most three deep", () => {
    const leaf = { type: "shell_command", args: { command: "true" } }
    const nest = (depth: number): TaskArgs =>
      depth === 0 ? { steps: [leaf] } : { steps: [{ type: "sequence", args: nest(depth - 1) }] }
    const depth = (levels: number) =>
      Result.match(plan(nest(levels) as SequenceArgs, types), {
        onFailure: ({ message }) => message,
        onSuccess: () => "planned"
      })
    assert.strictEqual(depth(2), "planned")
    assert.include(depth(3), "nested at most 3 deep")
  })
  it("is the same under the name of the predecessor", () => {
    const steps = [{ type: "shell_command", args: { command: "true" } }]
    assert.deepStrictEqual(plan({ taskDefinitions: steps }, types), plan({ steps }, types))
  })
})

describe("a step that has failed and was passed over", () => {
  it("leaves what a later step may ask for: an exit code, for a step that cleans up", () => {
    const left: Outcome = {
      outcome: "failed",
      error: { code: "exitCode", message: "exited with 4", detail: { exitCode: 4 } }
    }
    const sequence = new Sequence([
      { name: "a", onFailure: "continue" },
      { name: "four", when: { step: "a", path: "exitCode", is: 4 } },
      { name: "five", when: { step: "a", path: "exitCode", is: 5 } },
      { name: "tell", args: { command: "echo {{ steps.a.result.exitCode }}" } }
    ])
    sequence.end("a", left)
    assert.deepStrictEqual(sequence.open, ["four"])
    sequence.end("four", done())
    assert.deepStrictEqual(sequence.dueArgs("tell"), { command: "echo 4" })
    sequence.end("tell", done())
    assert.strictEqual(sequence.statuses, "a failed, four completed, five skipped, tell completed")
  })
})

describe("a thousand sequences of ten steps", () => {
  /** Runs one with workers that fail, vanish, report twice and report too late; its log. */
  const run = (seed: number): { readonly log: ReadonlyArray<TaskEvent>; readonly steps: Steps } => {
    const random = randomOf(seed)
    const steps: Steps = Array.from({ length: 10 }, (_, index) => ({
      name: `s${index}`,
      type: "shell_command",
      args: { command: "true" },
      dependsOn: Array.from({ length: index }, (_, before) => `s${before}`).filter(() => random() < 0.25),
      onFailure: random() < 0.5 ? ("stop" as const) : ("continue" as const),
      retries: Math.floor(random() * 3)
    }))
    const task = new History()
    task.schedule({ taskType: "sequence", queue: "sequence", taskArgs: Result.getOrThrow(planned(steps)) })
    let now = 60_000
    task.at(now).wake()
    for (let turn = 0; turn < 1000 && task.state?._tag === "live"; turn++) {
      now += Math.floor(random() * 4000)
      task.at(now).wake()
      const { state } = task
      if (state._tag !== "live") break
      for (const { attempt, executionId, stage } of state.executions) {
        if (stage._tag === "steps" || random() < 0.3) continue
        const worker = `w${Math.floor(random() * 3)}`
        // A worker that is killed never reports: its lease ends.
        if (task.claim(executionId, attempt, worker) !== "granted" || random() < 0.2) continue
        const outcome = random() < 0.25 ? failed : done()
        task.report(executionId, outcome, attempt, worker)
        if (random() < 0.2) task.report(executionId, random() < 0.5 ? done() : failed, attempt, worker)
        if (random() < 0.1) task.report(executionId, done(), attempt + 1, worker)
      }
    }
    assert.strictEqual(task.log.at(-1)?.type, "completed", `seed ${seed} has not ended`)
    assert.deepStrictEqual(task.open, [], `seed ${seed} has not ended`)
    return { log: task.log, steps }
  }

  it("record every step's outcome once, and never break the order of what depends on what", () => {
    let skipped = 0
    let retried = 0
    for (let seed = 1; seed <= 1000; seed++) {
      const { log, steps } = run(seed)
      const ended = new Map<string, number>()
      const dueAt = new Map<string, number>()
      for (const [place, event] of log.entries()) {
        if (event.type === "due" && event.stepName !== undefined) {
          assert.isFalse(dueAt.has(event.stepName), `seed ${seed}: ${event.stepName} became due twice`)
          dueAt.set(event.stepName, place)
          for (const before of steps.find(({ name }) => name === event.stepName)?.dependsOn ?? []) {
            // What it depends on had ended, or was passed over.
            assert.isTrue(ended.has(before), `seed ${seed}: ${event.stepName} began before ${before} had ended`)
          }
        }
        if ((event.type === "success" || event.type === "failure") && event.stepName !== undefined) {
          assert.isTrue(dueAt.has(event.stepName), `seed ${seed}: ${event.stepName} ended without having begun`)
          assert.isFalse(ended.has(event.stepName), `seed ${seed}: ${event.stepName} ended twice`)
          ended.set(event.stepName, place)
        }
        if (event.type === "retry") retried += 1
      }
      const parents = log.filter(
        (event) => (event.type === "success" || event.type === "failure") && event.stepName === undefined
      )
      assert.strictEqual(parents.length, 1, `seed ${seed}: the sequence ended ${parents.length} times`)
      const [outcome] = parents
      const result = (
        outcome?.type === "success" ? outcome.result : outcome?.type === "failure" ? outcome.error.detail : undefined
      ) as SequenceResult | undefined
      const told = new Map(result?.steps.map(({ name, status }) => [name, status]))
      for (const { name = "" } of steps) {
        const event = log.find(
          (one) =>
            one.type !== "retry" &&
            "stepName" in one &&
            one.stepName === name &&
            (one.type === "success" || one.type === "failure")
        )
        const expected = event === undefined ? "skipped" : event.type === "success" ? "completed" : "failed"
        assert.strictEqual(told.get(name), expected, `seed ${seed}: ${name}`)
        if (expected === "skipped") skipped += 1
      }
    }
    // The interesting states have been reached.
    assert.isAbove(skipped, 100)
    assert.isAbove(retried, 1000)
  })
})
