/** `nagatha retry ID…`: does again what has failed, one by one or all that failed lately. */
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import type { RunAnswer, Scheduler } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { choosing, confirmedLines, fitting, mustAsk } from "../asking/ChosenTasks.ts"
import { present, text, timezone, zoneOf } from "../asking/Flags.ts"
import { sinceOf } from "../asking/Moments.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { byId, isExecution } from "../asking/TaskNames.ts"
import { usage } from "../Failure.ts"
import { failedExecution, showEnd, waited } from "../showing/AwaitedEnd.ts"
import { eachTask } from "../showing/EachTask.ts"
import { note, outJson } from "../showing/Output.ts"
import { allPages } from "../showing/Pages.ts"
import { visibleLine } from "../showing/Text.ts"

const flags = {
  ...choosing,
  ids: Argument.String("ID").pipe(
    Argument.withDescription("Ids of executions, or of tasks: then the newest that failed of each"),
    Argument.variadic()
  ),
  failed: present("failed", "In place of ids: every execution that has failed and has not been retried"),
  since: text("since", "T", "With --failed: only what was due since then, such as 1d, yesterday or 2026-03-07T09:00"),
  fromStart: present("from-start", "Of sequences: all steps again, in place of those that had not ended well"),
  wait: present("wait", "Wait until it has ended; exit code 6 if it failed"),
  timezone,
  ...origin
}

/** Most executions of one re-drive. */
const MOST = 100_000

const ANY = (): boolean => true

/** Executions that have failed, and that nothing has taken the place of. */
const failedOnes = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  filter: Parameters<typeof fitting>[1],
  since: string | undefined
) {
  const filtered = [filter.tag, filter.type, filter.name].some((flag) => Option.isSome(flag))
  const tasks = filtered
    ? new Set((yield* fitting(scheduler, filter, ANY, { all: true })).map(({ taskId }) => taskId))
    : undefined
  const all = yield* allPages(MOST, (page) =>
    scheduler.executions({ status: "failed", steps: false, ...(since === undefined ? {} : { since }), ...page })
  )
  // The oldest first, as they were due.
  return all
    .filter(({ retriedBy, taskId }) => retriedBy === null && (tasks === undefined || tasks.has(taskId)))
    .toReversed()
})

const line = ({ errorMessage, executionId, taskName }: TaskExecution): string =>
  `${executionId}  ${visibleLine(taskName)}  ${visibleLine(errorMessage ?? "")}`

const told = ({ executionId }: RunAnswer): string => `retries: execution ${executionId}`

export const retry = Command.make(
  "retry",
  flags,
  Effect.fnUntraced(function* (input) {
    const common = { ...(yield* originOf(input)), ...(input.fromStart ? { fromStart: true } : {}) }
    const filtered = [input.tag, input.type, input.name, input.since].some((flag) => Option.isSome(flag))
    if (input.failed === input.ids.length > 0 || (filtered && !input.failed)) {
      return yield* usage(
        input.ids.length === 0 && !filtered
          ? "retry what?"
          : filtered && !input.failed
            ? "a filter goes with --failed"
            : "ids and --failed contradict each other; leave one out",
        "such as: nagatha retry 4kx9, or nagatha retry --failed --since 1d"
      )
    }
    if (input.wait && (input.failed || input.ids.length !== 1))
      return yield* usage("--wait is for one execution; name it")
    const since = Option.isSome(input.since)
      ? yield* sinceOf(input.since.value, yield* zoneOf(input.timezone))
      : undefined
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const again = (id: string, endedAt?: number | null) =>
          scheduler.retry(
            isExecution(id)
              ? { executionId: id, ...common, ...(endedAt === undefined || endedAt === null ? {} : { endedAt }) }
              : { taskId: id, ...common }
          )
        const [only = ""] = input.ids
        if (input.wait) {
          const answer = yield* byId(scheduler, only, again(only))
          if (!input.json) yield* note(told(answer))
          const { awaitExecution } = yield* Effect.promise(() => import("../showing/Wait.ts"))
          const execution = yield* waited(answer.taskId, input.json, (tell) => awaitExecution(scheduler, answer, tell))
          if (input.json) yield* outJson({ ...answer, execution })
          else yield* showEnd(execution)
          if (execution.status !== "completed") yield* failedExecution(execution)
          return
        }
        if (!input.failed) return yield* eachTask(scheduler, input.ids, input.json, (id) => again(id), told)
        const found = yield* failedOnes(scheduler, input, since)
        if (found.length === 0) yield* note("nothing like that has failed")
        else {
          yield* mustAsk("retry", input)
          if (!input.yes && !(yield* confirmedLines("retry", "execution", found.map(line)))) {
            return yield* note("nothing was done")
          }
        }
        const ends = new Map(found.map(({ endLogSequence, executionId }) => [executionId, endLogSequence]))
        yield* eachTask(scheduler, [...ends.keys()], input.json, (id) => again(id, ends.get(id)), told)
      })
    )
  })
).pipe(
  Command.withExamples([
    {
      command: "nagatha retry 4kx9",
      description: "The newest failed execution of a task; a sequence from its failed step"
    },
    { command: "nagatha retry 4kx9@20260308T143000000Z --from-start --wait" },
    { command: "nagatha retry --failed --since 1d --tag reports", description: "All that failed lately; asks first" }
  ])
)
