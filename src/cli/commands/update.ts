/** `nagatha update ID`: changes what is named of a task, and nothing else. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { CatchUp, ExecutionOverlap } from "../../events/TaskDefinition.ts"
import { withScheduler } from "../Backend.ts"
import { ifRevision, showChange } from "../showing/Changed.ts"
import { usage } from "../Failure.ts"
import { choice, count, defined, duration, text, texts, zoneOf } from "../asking/Flags.ts"
import { jsonArgs } from "../asking/JsonArgs.ts"
import { boundOf } from "../asking/Moments.ts"
import { byId } from "../asking/TaskNames.ts"
import { origin } from "../asking/TaskFlags.ts"

const NONE = "none"

const flags = {
  id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
  name: text("name", "TEXT", "Name to find it by"),
  description: text("description", "TEXT", "What it is for"),
  args: text("args", "JSON", "All its arguments, as nagatha info shows them: a JSON object"),
  queue: text("queue", "NAME", "Line of work in which it waits"),
  tag: texts("tag", "TEXT", "Its tags, all of them; may be repeated"),
  retries: count("retries", 0, 100, "Retries after the first attempt").pipe(Flag.optional),
  backoff: duration("backoff", "Delay before the first retry"),
  timeout: duration("timeout", "An attempt is asked to stop after this"),
  hardTimeout: duration("hard-timeout", "An attempt is killed after this"),
  overlap: choice("overlap", ExecutionOverlap.literals, "What a run does that is due while an earlier one goes on"),
  catchUp: choice("catch-up", CatchUp.literals, "Which runs missed while nothing ran are run late"),
  catchUpWindow: duration("catch-up-window", "How far back a missed run may lie"),
  expires: duration("expires", "Given up when nobody has begun it so long after it was due"),
  pauseAfter: count("pause-after", 1, 1000, "Pause it after so many failures in a row").pipe(Flag.optional),
  startAt: text("start-at", "INSTANT", `Nothing runs before; ${NONE}: no bound`),
  endAt: text("end-at", "INSTANT", `Nothing runs after; ${NONE}: no bound`),
  maxRuns: text("max-runs", "N", `Completed after so many runs; ${NONE}: no bound`),
  exclude: texts("exclude", "CALENDAR", "Calendars on whose days it does not run, all of them; may be repeated"),
  ifRevision,
  ...origin
}

const boundary = Effect.fnUntraced(function* (given: Option.Option<string>, edge: "begin" | "end", zone: string) {
  if (Option.isNone(given)) return undefined
  return given.value === NONE ? null : yield* boundOf(given.value, edge, zone)
})

export const update = Command.make(
  "update",
  flags,
  Effect.fnUntraced(function* (input) {
    const runs = Option.getOrUndefined(input.maxRuns)
    if (runs !== undefined && runs !== NONE && !/^[1-9]\d{0,8}$/.test(runs)) {
      return yield* usage(`--max-runs: ${JSON.stringify(runs)} is not right; expected: a whole number from 1, or none`)
    }
    const taskArgs = Option.isSome(input.args) ? { taskArgs: yield* jsonArgs(input.args.value) } : {}
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const { task } = yield* byId(scheduler, input.id, scheduler.info({ id: input.id, executions: 1 }))
        const zone = yield* zoneOf(Option.some(task.timezone))
        const startAt = yield* boundary(input.startAt, "begin", zone)
        const endAt = yield* boundary(input.endAt, "end", zone)
        const change = {
          ...taskArgs,
          ...defined({
            taskName: input.name,
            description: input.description,
            queue: input.queue,
            maxRetries: input.retries,
            backoffMs: input.backoff,
            timeoutMs: input.timeout,
            hardTimeoutMs: input.hardTimeout,
            overlap: input.overlap,
            catchUp: input.catchUp,
            catchUpWindowMs: input.catchUpWindow,
            expiresMs: input.expires,
            pauseAfterFailures: input.pauseAfter
          }),
          ...(startAt === undefined ? {} : { startAt }),
          ...(endAt === undefined ? {} : { endAt }),
          ...(runs === undefined ? {} : { maxRuns: runs === NONE ? null : Number(runs) }),
          ...(input.tag.length === 0 ? {} : { tags: input.tag }),
          ...(input.exclude.length === 0 ? {} : { exclude: input.exclude })
        }
        if (Object.keys(change).length === 0) {
          return yield* usage("nothing is to be changed", "name what, such as --name, --args or --retries")
        }
        yield* showChange(scheduler, input.id, input.json, () =>
          scheduler.update({
            taskId: task.taskId,
            ...change,
            ...defined({ ifRevision: input.ifRevision, reason: input.reason, commandId: input.commandId })
          })
        )
      })
    )
  })
).pipe(
  Command.withDescription("Change what is named of a task, and nothing else (its schedule: nagatha reschedule)"),
  Command.withExamples([
    { command: 'nagatha update 4kx9 --name "nightly backup" --retries 5' },
    { command: "nagatha update 4kx9 --end-at none --if-revision 3", description: "Unless somebody has changed it" }
  ])
)
