/**
 * A sequence as it is stored: every step with its name, its queue and the steps before it, checked as a whole when it is
 * scheduled: names, order, cycles, references, and the arguments of each step by its own task type.
 */
import { Result, Schema } from "effect"
import { retryFields, retryOf } from "../../events/RetryPolicy.ts"
import { QueueName, TaskArgs } from "../../events/TaskDefinition.ts"
import { ArgsProblem } from "../ArgsProblem.ts"
import { Condition, MAX_NESTING, SEQUENCE, type SequenceArgs, type Step, StepName } from "./SequenceArgs.ts"
import { referencedSteps } from "./Template.ts"
import type { TaskTypes } from "../TaskTypes.ts"

export const PlannedStep = Schema.Struct({
  name: StepName,
  type: Schema.String,
  args: TaskArgs,
  queue: QueueName,
  dependsOn: Schema.Array(StepName),
  onFailure: Schema.Literals(["stop", "continue"]),
  retries: Schema.optionalKey(Schema.Int),
  backoffMs: Schema.optionalKey(Schema.Int),
  ...retryFields,
  timeoutMs: Schema.optionalKey(Schema.Int),
  when: Schema.optionalKey(Condition)
})
export type PlannedStep = typeof PlannedStep.Type

const Plan = Schema.Struct({ steps: Schema.Array(PlannedStep) })

const decodePlan = Schema.decodeUnknownResult(Plan)
const encodePlan = Schema.encodeSync(Schema.toCodecJson(Plan))
const isArgs = Schema.is(TaskArgs)

const known = new WeakMap<TaskArgs, ReadonlyArray<PlannedStep>>()

/** The steps of stored arguments; none when they are no plan (another version's). */
export const stepsOf = (args: TaskArgs): ReadonlyArray<PlannedStep> => {
  const before = known.get(args)
  if (before !== undefined) return before
  const steps = Result.match(decodePlan(args), { onFailure: () => [], onSuccess: (plan) => plan.steps })
  known.set(args, steps)
  return steps
}

/** A stored plan as it can be asked for again: without what only planning adds. */
export const askedAgain = (args: TaskArgs): TaskArgs => {
  const { steps, ...others } = args
  if (!Array.isArray(steps)) return args
  const asked = steps.map((step: Schema.Json): Schema.Json => {
    if (!isArgs(step)) return step
    const { queue: _queue, ...rest }: TaskArgs = step
    return rest["type"] === SEQUENCE && isArgs(rest["args"]) ? { ...rest, args: askedAgain(rest["args"]) } : rest
  })
  return { ...others, steps: asked }
}

const problem = (field: string, message: string): Result.Result<never, ArgsProblem> =>
  Result.fail(new ArgsProblem({ taskType: SEQUENCE, field, message: `${SEQUENCE}: ${field}: ${message}` }))

/** Steps that can be begun in this order; the names of a cycle when there is none. */
const cycleOf = (steps: ReadonlyArray<PlannedStep>): ReadonlyArray<string> => {
  const left = new Map(steps.map((step) => [step.name, new Set(step.dependsOn)]))
  for (let size = -1; size !== left.size;) {
    size = left.size
    for (const [name, before] of left) {
      if ([...before].some((one) => left.has(one))) continue
      left.delete(name)
    }
  }
  return [...left.keys()]
}

/** All steps that come before one, directly or not. */
const before = (steps: ReadonlyMap<string, PlannedStep>, name: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (one: string): void => {
    for (const earlier of steps.get(one)?.dependsOn ?? []) {
      if (found.has(earlier)) continue
      found.add(earlier)
      visit(earlier)
    }
  }
  visit(name)
  return found
}

/** The plan of a sequence, as its stored arguments; or what is wrong with it, with the place. */
export const plan = (
  args: SequenceArgs,
  types: TaskTypes["Service"],
  at = "",
  depth = 1
): Result.Result<TaskArgs, ArgsProblem> => {
  const key = args.taskDefinitions === undefined ? "steps" : "taskDefinitions"
  const given = args.steps ?? args.taskDefinitions
  if (given === undefined) return problem(`${at}steps`, "is missing")
  if (args.steps !== undefined && args.taskDefinitions !== undefined) {
    return problem(`${at}taskDefinitions`, "says the same as steps: give one of them")
  }
  if (depth > MAX_NESTING) return problem(`${at}${key}`, `sequences are nested at most ${MAX_NESTING} deep`)
  const nameOf = (step: Step, index: number): string => step.name ?? `step-${index + 1}`
  const inOrder = given.every((step) => step.dependsOn === undefined)
  const steps: Array<PlannedStep> = []
  for (const [index, step] of given.entries()) {
    const place = `${at}${key}[${index}]`
    const name = nameOf(step, index)
    if (steps.some((earlier) => earlier.name === name))
      return problem(`${place}.name`, `${JSON.stringify(name)} is there twice`)
    const made = checkedArgs(step, types, place, depth)
    if (Result.isFailure(made)) return Result.fail(made.failure)
    const last = steps.at(-1)
    const { backoffMs, retries, timeoutMs, when } = step
    steps.push({
      name,
      type: step.type,
      args: made.success,
      queue: types.get(step.type)?.queue ?? step.type,
      dependsOn: inOrder ? (last === undefined ? [] : [last.name]) : [...new Set(step.dependsOn ?? [])],
      onFailure: step.onFailure ?? "stop",
      ...(retries === undefined ? {} : { retries }),
      ...(backoffMs === undefined ? {} : { backoffMs }),
      ...retryOf(step),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(when === undefined ? {} : { when })
    })
  }
  const byName = new Map(steps.map((step) => [step.name, step]))
  for (const [index, { dependsOn }] of steps.entries()) {
    const unknown = dependsOn.find((name) => !byName.has(name))
    if (unknown !== undefined) {
      return problem(
        `${at}${key}[${index}].dependsOn`,
        `there is no step ${JSON.stringify(unknown)}; there are ${[...byName.keys()].join(", ")}`
      )
    }
  }
  const cycle = cycleOf(steps)
  if (cycle.length > 0) return problem(`${at}${key}`, `these steps wait for each other: ${cycle.join(", ")}`)
  for (const [index, step] of steps.entries()) {
    const place = `${at}${key}[${index}]`
    const earlier = before(byName, step.name)
    const references = step.type === SEQUENCE ? Result.succeed(new Set<string>()) : referencedSteps(step.args)
    if (Result.isFailure(references)) return problem(`${place}.args`, references.failure)
    const wanted = [...references.success, ...(step.when === undefined ? [] : [step.when.step])]
    const late = wanted.find((name) => !earlier.has(name))
    if (late !== undefined) {
      const why = byName.has(late) ? "does not come before this one (dependsOn)" : "is not there"
      return problem(place, `refers to the step ${JSON.stringify(late)}, which ${why}`)
    }
  }
  return Result.succeed(encodePlan({ steps }) as TaskArgs)
}

/** A step's arguments by its own task type. What refers to earlier steps is known only when it runs: a worker checks it then. */
const checkedArgs = (
  step: Step,
  types: TaskTypes["Service"],
  place: string,
  depth: number
): Result.Result<TaskArgs, ArgsProblem> => {
  if (types.get(step.type) === undefined) {
    const unknown = types.checkArgs(step.type, {})
    return problem(`${place}.type`, Result.isFailure(unknown) ? unknown.failure.message : `${step.type} is not known`)
  }
  const checked = types.checkArgs(step.type, step.args)
  if (step.type === SEQUENCE) {
    return Result.isFailure(checked)
      ? problem(`${place}.args`, checked.failure.message)
      : plan(checked.success as SequenceArgs, types, `${place}.args.`, depth + 1)
  }
  if (JSON.stringify(step.args).includes("{{"))
    return isArgs(step.args) ? Result.succeed(step.args) : problem(`${place}.args`, "is no JSON object")
  return Result.isFailure(checked) ? problem(`${place}.args`, checked.failure.message) : Result.succeed(checked.success)
}
