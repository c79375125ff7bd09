/** A sequence, played by what each of its steps does. */
import { Context, Effect, Layer, Result } from "effect"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { EventOf } from "../../src/events/TaskEvent.ts"
import type { Outcome } from "../../src/work/Work.ts"
import type { SequenceArgs, SequenceResult } from "../../src/work/sequence/SequenceArgs.ts"
import { plan } from "../../src/work/sequence/SequencePlan.ts"
import { TaskTypes } from "../../src/work/TaskTypes.ts"
import { failed, History } from "./task.ts"

const done = (result: unknown = {}): Outcome => ({ outcome: "done", result: result as null })

const types = Effect.runSync(
  Effect.scoped(Effect.map(Layer.build(TaskTypes.layerDeclared()), (context) => Context.get(context, TaskTypes)))
)
type Steps = NonNullable<SequenceArgs["steps"]>
export const planned = (steps: ReadonlyArray<Partial<Steps[number]>>) =>
  Result.getOrThrow(
    plan(
      { steps: steps.map((step) => ({ type: "shell_command", args: { command: "true" }, ...step })) } as SequenceArgs,
      types
    )
  )

/** A sequence of an execution, played by what each step does. */
export class Played {
  readonly task = new History()

  constructor(steps: ReadonlyArray<Partial<Steps[number]>>, changes: Partial<TaskDefinition> = {}) {
    this.task.schedule({
      taskType: "sequence",
      queue: "sequence",
      taskArgs: planned(steps),
      maxRetries: 0,
      ...changes
    })
    this.task.at(60_000).wake()
  }

  /** Ends what is open until nothing is: steps named in `bad` fail. The steps that ran, in order. */
  play(bad: ReadonlyArray<string> = []): ReadonlyArray<string> {
    const ran: Array<string> = []
    for (;;) {
      const { state } = this.task
      const open = state?._tag === "live" ? state.executions.find(({ stage }) => stage._tag !== "steps") : undefined
      if (open?.step === undefined) return ran
      const { name } = open.step
      ran.push(name)
      this.task.claim(open.executionId)
      this.task.report(open.executionId, bad.includes(name) ? failed : done({ by: open.executionId }))
    }
  }

  get result(): SequenceResult {
    const event = this.task.log.findLast(
      (one): one is EventOf<"success"> | EventOf<"failure"> =>
        (one.type === "success" || one.type === "failure") && one.parentExecutionId === undefined
    )
    return (event?.type === "success" ? event.result : event?.error.detail) as unknown as SequenceResult
  }

  get statuses(): string {
    return this.result.steps.map(({ name, status }) => `${name} ${status}`).join(", ")
  }
}
