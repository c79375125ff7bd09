/** The arguments and the result of `sequence`: steps, each of a task type, in order or by what they depend on. */
import { Effect, Schema } from "effect"
import { retryFields } from "../../events/RetryPolicy.ts"
import { TaskArgs } from "../../events/TaskDefinition.ts"
import { declareTaskType } from "../TaskType.ts"

/** Name of the task type: its steps are decided about by the owner of the task, and run by workers. */
export const SEQUENCE = "sequence"

/** Most steps of one sequence. */
export const MAX_STEPS = 100

/** A sequence may be a step of a sequence, so deep at most. */
export const MAX_NESTING = 3

export const StepName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/, { message: "must be 1 to 64 letters, digits, '-' or '_'" })
)

/** Run the step only if what an earlier step gave is so; with neither `is` nor `isNot`: only if it is there and not false. */
export const Condition = Schema.Struct({
  step: StepName,
  /** Path into the result, such as `exitCode` or `items[0].id`; default: the whole result. */
  path: Schema.optionalKey(Schema.String),
  is: Schema.optionalKey(Schema.Json),
  isNot: Schema.optionalKey(Schema.Json)
})
export type Condition = typeof Condition.Type

export const Step = Schema.Struct({
  /** Default: `step-1`, `step-2` … */
  name: Schema.optionalKey(StepName),
  type: Schema.String.annotate({ description: "the step's task type" }),
  args: TaskArgs.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Names of the steps that must have ended before. Where no step names any, they run one after another. */
  dependsOn: Schema.optionalKey(Schema.Array(StepName)),
  /** `stop` (default): no further step begins; `continue`: the others go on as if it had gone well. */
  onFailure: Schema.optionalKey(Schema.Literals(["stop", "continue"])),
  /** Default: those of the task. */
  retries: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))),
  backoffMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  ...retryFields,
  timeoutMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  when: Schema.optionalKey(Condition)
})
export type Step = typeof Step.Type

export const SequenceArgs = Schema.Struct({
  steps: Schema.optionalKey(Schema.Array(Step).check(Schema.isMinLength(1), Schema.isMaxLength(MAX_STEPS))),
  /** The same under the name that the predecessor gave it. */
  taskDefinitions: Schema.optionalKey(Schema.Array(Step).check(Schema.isMinLength(1), Schema.isMaxLength(MAX_STEPS)))
})
export type SequenceArgs = typeof SequenceArgs.Type

export const StepStatus = Schema.Literals(["completed", "failed", "skipped"])
export type StepStatus = typeof StepStatus.Type

export const SequenceResult = Schema.Struct({
  completedSteps: Schema.Int,
  totalSteps: Schema.Int,
  /** The first step, in the order in which they were given, that failed and was not to be passed over. */
  failedStep: Schema.NullOr(Schema.String),
  steps: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.String,
      status: StepStatus,
      executionId: Schema.NullOr(Schema.String),
      result: Schema.optionalKey(Schema.Json),
      error: Schema.optionalKey(Schema.Struct({ code: Schema.String, message: Schema.String })),
      /** Why it was not run. */
      reason: Schema.optionalKey(Schema.String)
    })
  )
})
export type SequenceResult = typeof SequenceResult.Type

export const SequenceDeclaration = declareTaskType({
  name: SEQUENCE,
  description: "Runs steps one after another, or by what they depend on.",
  args: SequenceArgs,
  result: SequenceResult
})
