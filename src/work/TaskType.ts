/**
 * What a task type is: its name, what its arguments and results look like, and how an attempt is run.
 *
 * An attempt may be cut short at any point and tried again (at least once): `run` must be safe to repeat, for which
 * `idempotencyKey` is the same in all attempts of one execution. The declaration (name and schemas) is a value of its
 * own, so that a node that only schedules need not load the code that runs.
 */
import { Effect, Option, Predicate, Result, Schema } from "effect"
import { retryFields } from "../events/RetryPolicy.ts"
import type { TaskArgs } from "../events/TaskDefinition.ts"
import type { Message } from "../events/Message.ts"
import { ExecutionError } from "../events/TaskEvent.ts"
import type { OutputStream } from "./LiveFeed.ts"
import type { Output } from "./Output.ts"
import { type ArgsProblem, argsChecker, shownIssue } from "./ArgsProblem.ts"

/** The attempt has failed. `retryable`: try again by the task's policy; otherwise trying again is of no use. */
export class TaskFailed extends Schema.TaggedError<TaskFailed>()("TaskFailed", {
  error: ExecutionError,
  retryable: Schema.Boolean
}) {
  override get message() {
    return this.error.message
  }
}

/** Not now: try again after `delayMs` milliseconds; does not use up a retry. */
export class ComeBackLater extends Schema.TaggedError<ComeBackLater>()("ComeBackLater", {
  delayMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  error: ExecutionError
}) {
  override get message() {
    return this.error.message
  }
}

/** The run found that it is no longer wanted: the execution ends as cancelled and is not tried again. */
export class TaskCancelled extends Schema.TaggedError<TaskCancelled>()("TaskCancelled", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** What `run` may fail with. */
export type AttemptFailure = TaskFailed | ComeBackLater | TaskCancelled

/** What a run knows about the attempt that it carries out. */
export interface AttemptContext {
  readonly taskId: string
  readonly taskName: string
  readonly executionId: string
  /** The instant that the occurrence stands for, RFC 3339 UTC. */
  readonly nominalAt: string
  /** Numbered from 1. */
  readonly attempt: number
  /** The same for all attempts of one execution: hand it to whatever must not do a thing twice. */
  readonly idempotencyKey: string
  /** The message that started the execution, the same for all its attempts; undefined where time or a command did. */
  readonly message: Message | undefined
  /** How many executions in a row were each started by the one before; 0 where none was. */
  readonly chain: number
  /**
   * `NAGATHA_TASK_ID`, `NAGATHA_EXECUTION_ID`, `NAGATHA_NOMINAL_AT`, `NAGATHA_ATTEMPT`, `NAGATHA_IDEMPOTENCY_KEY`; where a
   * message started it `NAGATHA_MESSAGE_ID`, `NAGATHA_MESSAGE_SUBJECT` and `NAGATHA_CHAIN` too.
   */
  readonly attemptEnv: Readonly<Record<string, string>>
  readonly limits: {
    /** After this many milliseconds the run is interrupted. */
    readonly timeoutMs: number
    /** After this many milliseconds the attempt is over, whatever the run does. */
    readonly hardTimeoutMs: number
    /** Output to keep of each stream, in bytes. */
    readonly maxOutputBytes: number
  }
  /** Says how far the run is, from 0 to 1, and in words: for whoever watches. Tell it as often as you like; not stored. */
  progress(fraction: number, text?: string): void
  /** A line about the run, kept (within the limits) as its output and seen by those who follow it. */
  log(text: string): void
  /** Where what the run writes is kept and followed; `log` is for words about the run. */
  output(stream: OutputStream): Output
  /** Aborted when the run is asked to stop; for Promise functions. An Effect is interrupted. */
  readonly signal: AbortSignal
  /** Completes when a run that was asked to stop has no time left: what still lives must be killed now. */
  readonly mustEnd: Effect.Effect<void>
  /** Leaves what is to be told of a run that was stopped (a command's output so far): the `detail` of its error. */
  lastWords(detail: Schema.Json): void
}

/** Retries after the first attempt, the delay before the first of them in milliseconds, and how the others follow. */
export const RetryDefaults = Schema.Struct({
  maxRetries: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))),
  backoffMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  ...retryFields
})
export type RetryDefaults = typeof RetryDefaults.Type

const decodeRetry = Schema.decodeUnknownResult(RetryDefaults, { onExcessProperty: "error" })

/** What every task of the type is stored with must be right: wrong code is told so when it is loaded. */
const checkedRetry = (name: string, retry: RetryDefaults | undefined): RetryDefaults => {
  const decoded = decodeRetry(retry ?? {})
  if (Result.isSuccess(decoded)) return decoded.success
  throw new Error(`task type ${JSON.stringify(name)}: retry: ${shownIssue(decoded.failure.issue)}`)
}

/** The half that is known without the code that runs: enough to check a task when it is scheduled. */
export interface TaskDeclaration<Args = unknown, Value = unknown> {
  /** Letters, digits, `-` and `_`, at most 64: also the default queue. */
  readonly name: string
  /** One sentence for people. */
  readonly description: string
  /** Queue of its tasks where the task names none; default: the name. */
  readonly queue: string
  /** Of its tasks where the task does not say; default: those of all tasks. */
  readonly retry: RetryDefaults
  readonly args: Schema.ConstraintCodec<Args, unknown>
  readonly result: Schema.ConstraintCodec<Value, unknown>
  /** Arguments as they are to be stored (defaults filled in), or what is wrong with them. Pure. */
  check(args: unknown): Result.Result<TaskArgs, ArgsProblem>
}

/** A declaration with the code that carries out an attempt; needs the services `Services`. */
export interface TaskType<Services = never> extends TaskDeclaration {
  /** Stored arguments in, JSON out. Arguments that do not fit (another version's) fail for good as `invalidArgs`. */
  attempt(args: TaskArgs, context: AttemptContext): Effect.Effect<Schema.Json, AttemptFailure, Services>
}

const declarationOf = <Args, Value>(options: {
  readonly name: string
  readonly description: string
  readonly queue?: string | undefined
  readonly retry?: RetryDefaults | undefined
  readonly args: Schema.ConstraintCodec<Args, unknown>
  readonly result: Schema.ConstraintCodec<Value, unknown>
}): TaskDeclaration<Args, Value> => ({
  name: options.name,
  description: options.description,
  queue: options.queue ?? options.name,
  retry: checkedRetry(options.name, options.retry),
  args: options.args,
  result: options.result,
  check: argsChecker(options.name, options.args)
})

/** The declaration alone; add the code with `implement`. */
export const declareTaskType = declarationOf

const failed = (code: string, message: string, retryable: boolean, detail?: Schema.Json) =>
  new TaskFailed({ error: { code, message, ...(detail === undefined ? {} : { detail }) }, retryable })

/** A thrown value in words, and its stack where it has one. */
export const thrown = (code: string, value: unknown): typeof ExecutionError.Type =>
  value instanceof Error
    ? { code, message: value.message || value.name, detail: { stack: value.stack ?? value.name } }
    : { code, message: String(value) }

/** A failure of another copy of this module: what it says counts, not which class it is of. */
const decodeFailure = Schema.decodeUnknownOption(
  Schema.Union([
    Schema.TaggedStruct("TaskFailed", TaskFailed.fields),
    Schema.TaggedStruct("ComeBackLater", ComeBackLater.fields),
    Schema.TaggedStruct("TaskCancelled", TaskCancelled.fields)
  ])
)

/** What a Promise function threw: what the closed set knows as it is, all else fails as `error` and is retried. */
const rejected = (value: unknown): AttemptFailure => {
  if (value instanceof TaskFailed || value instanceof ComeBackLater || value instanceof TaskCancelled) return value
  const told = decodeFailure(value)
  if (Option.isNone(told)) return new TaskFailed({ error: thrown("error", value), retryable: true })
  switch (told.value._tag) {
    case "TaskFailed":
      return new TaskFailed(told.value)
    case "ComeBackLater":
      return new ComeBackLater(told.value)
    case "TaskCancelled":
      return new TaskCancelled(told.value)
  }
}

/** A promise as an Effect that, when interrupted, ends only once the promise has settled (its `signal` is aborted by then). */
const settled = <Value>(promise: PromiseLike<Value>): Effect.Effect<Value, AttemptFailure> =>
  Effect.callback((resume) => {
    const done = Promise.resolve(promise).then(
      (value) => resume(Effect.succeed(value)),
      (cause: unknown) => resume(Effect.fail(rejected(cause)))
    )
    return Effect.promise(() => done)
  })

/** What a function that others write may give back: a value, a promise of it, or an Effect. */
export type Outcome<Value> = Value | PromiseLike<Value> | Effect.Effect<Value, unknown>

/** Whatever such a function gives back or throws, as an Effect; `call` is not begun before it runs. */
export const ran = <Value>(call: () => Outcome<Value>): Effect.Effect<Value, AttemptFailure> =>
  Effect.suspend((): Effect.Effect<Value, AttemptFailure> => {
    try {
      const outcome = call()
      if (Effect.isEffect(outcome)) return Effect.mapError(outcome as Effect.Effect<Value, unknown>, rejected)
      return Predicate.isPromiseLike(outcome)
        ? settled(outcome as PromiseLike<Value>)
        : Effect.succeed(outcome as Value)
    } catch (cause) {
      return Effect.fail(rejected(cause))
    }
  })

type Run<Args, Value, Services> = (
  args: Args,
  context: AttemptContext
) => Effect.Effect<Value, AttemptFailure, Services> | PromiseLike<Value> | Value

/** Adds the code to a declaration. `run` is an Effect function, a Promise function, or a plain one (what they throw is retried). */
export const implement = <Args, Value, Services = never>(
  declaration: TaskDeclaration<Args, Value>,
  run: Run<Args, Value, Services>
): TaskType<Services> => {
  const decode = Schema.decodeUnknownResult(declaration.args, { onExcessProperty: "error" })
  const encode = Schema.encodeUnknownResult(Schema.toCodecJson(declaration.result))
  const encoded = (value: unknown): Effect.Effect<Schema.Json, TaskFailed> => {
    const json = encode(value)
    if (Result.isSuccess(json)) return Effect.succeed(json.success ?? null)
    const message = `${declaration.name}: the result does not fit the declared schema: ${shownIssue(json.failure.issue)}`
    return Effect.fail(failed("invalidResult", message, false))
  }
  return {
    ...declaration,
    attempt: (args, context) => {
      const decoded = decode(args)
      if (Result.isFailure(decoded)) {
        const message = `${declaration.name}: this worker cannot read the task's arguments: ${shownIssue(decoded.failure.issue)}; they are of another version, or an earlier step gave something else than expected`
        return Effect.fail(failed("invalidArgs", message, false))
      }
      const outcome = ran(() => run(decoded.success, context) as Outcome<Value>)
      // What the code needs, and only an Effect can need, is told by its type.
      return Effect.flatMap(outcome, encoded) as Effect.Effect<Schema.Json, AttemptFailure, Services>
    }
  }
}

/** A task type in one piece: `defineTaskType({ name, description, args, result, run })`. */
export const defineTaskType = <Args, Value, Services = never>(
  options: Parameters<typeof declarationOf<Args, Value>>[0] & { readonly run: Run<Args, Value, Services> }
): TaskType<Services> => implement(declarationOf(options), options.run)
