/** Flags that say which executions are meant, and in which order: what `history` shows and counts. */
import { Effect, Option } from "effect"
import { Argument, Flag } from "effect/cli"
import type { ExecutionFilter, ExecutionSort } from "../../projections/Queries.ts"
import { ExecutionStatus } from "../../projections/ScheduledTask.ts"
import { choices, defined, duration, maybe, text, texts } from "./Flags.ts"
import { edgeOf, sinceOf } from "./Moments.ts"
import { given, sorting, sortOf } from "./WhichTasks.ts"

const SORTS: Readonly<Record<ExecutionSort, ExecutionSort>> = {
  due: "due",
  started: "started",
  duration: "duration",
  lateness: "lateness"
}

export const whichExecutions = {
  id: Argument.String("ID").pipe(
    Argument.withDescription("Only of this task: its id, or a beginning of 4 characters or more"),
    Argument.optional
  ),
  status: choices("status", ExecutionStatus.literals, "Only executions with one of these statuses"),
  type: texts("type", "TYPE", "Only executions of this task type, or steps of it; several: of any of them"),
  name: text("name", "GLOB", "Only of tasks whose name matches: * any text, ? one character"),
  tag: texts("tag", "TEXT", "Only of tasks with this tag; several: with all of them"),
  anyTag: texts("any-tag", "TEXT", "Only of tasks with at least one of these tags"),
  queue: texts("queue", "NAME", "Only of tasks of this queue; several: of any of them"),
  since: text(
    "since",
    "T",
    "Only what was due since then: a day, an instant, yesterday at 9, or a duration ago such as 2h"
  ),
  until: text("until", "T", "Only what was due before then; of a day, until its end"),
  worker: text("worker", "GLOB", "Only what ran on a worker whose name matches"),
  errorCode: texts("error-code", "CODE", "Only what ended with this error; several: with any of them"),
  manual: maybe("manual", "Only what was asked for by a command; --no-manual: only what the schedule asked for"),
  parent: text("parent", "ID", "Only the steps of this execution of a sequence: its whole id"),
  minDuration: duration("min-duration", "Only what took at least so long"),
  minLateness: duration("min-lateness", "Only what began at least so late")
}

export const executionSorting = sorting(
  Object.keys(SORTS),
  "Order: due (default: newest first), started, the longest or the latest first"
)

export const executionSortOf = (input: { readonly sort: Option.Option<string>; readonly reverse: boolean }) =>
  sortOf(input, SORTS)

type Asked = {
  readonly [Key in keyof typeof whichExecutions]: (typeof whichExecutions)[Key] extends Flag.Flag<infer A>
    ? A
    : (typeof whichExecutions)[Key] extends Argument.Argument<infer A>
      ? A
      : never
}

/** The filter that the flags make; instants are read in the zone. */
export const executionFilterOf = Effect.fnUntraced(function* (input: Asked, zone: string) {
  const { since, until } = input
  const begin = Option.isNone(since) ? Option.none<string>() : Option.some(yield* sinceOf(since.value, zone))
  const end = Option.isNone(until)
    ? Option.none<string>()
    : Option.some(yield* edgeOf(until.value, "end", { zone, durations: "ago" }))
  const filter: ExecutionFilter = defined({
    taskId: input.id,
    status: given(input.status),
    type: given(input.type),
    name: input.name,
    tag: given(input.tag),
    anyTag: given(input.anyTag),
    queue: given(input.queue),
    since: begin,
    until: end,
    worker: input.worker,
    errorCode: given(input.errorCode),
    manual: input.manual,
    parent: input.parent,
    minDurationMs: input.minDuration,
    minLatenessMs: input.minLateness
  })
  return filter
})
