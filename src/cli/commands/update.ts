/** `nagatha update ID`: changes what is named of a task, and nothing else. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { CatchUp, ExecutionOverlap, MAX_PRIORITY } from "../../events/TaskDefinition.ts"
import { withScheduler } from "../Backend.ts"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import { byFilter, choosing, chosen } from "../asking/ChosenTasks.ts"
import { eachTask } from "../showing/EachTask.ts"
import { ifRevision, showChange } from "../showing/Changed.ts"
import { usage } from "../Failure.ts"
import {
  DURATIONS,
  choice,
  count,
  defined,
  duration,
  NONE,
  number,
  orNone,
  text,
  texts,
  wholeNumber,
  zoneOf
} from "../asking/Flags.ts"
import { parseDuration } from "../../recurrence/Duration.ts"
import { parseRate, RATES } from "../asking/Rates.ts"
import { jsonArgs } from "../asking/JsonArgs.ts"
import { boundOf } from "../asking/Moments.ts"
import { byId } from "../asking/TaskNames.ts"
import { origin } from "../asking/TaskFlags.ts"

const flags = {
  id: Argument.String("ID").pipe(
    Argument.withDescription("Task id, or a beginning of 4 characters or more"),
    Argument.optional
  ),
  whereTag: text("where-tag", "TEXT", "In place of an id: all with this tag"),
  whereType: text("where-type", "TYPE", "In place of an id: all of this type"),
  whereName: text("where-name", "GLOB", 'In place of an id: all whose name is so, such as "backup*"'),
  yes: choosing.yes,
  name: text("name", "TEXT", "Name to find it by"),
  description: text("description", "TEXT", "What it is for"),
  args: text("args", "JSON", "All its arguments, as nagatha info shows them: a JSON object"),
  queue: text("queue", "NAME", "Line of work in which it waits"),
  priority: count(
    "priority",
    -MAX_PRIORITY,
    MAX_PRIORITY,
    "Its runs go before others of the queue as if they had waited so many seconds longer"
  ).pipe(Flag.optional),
  key: orNone("key", "KEY", "Whom it is for: the queue's limits for each key go by it", (key) => key, "a key"),
  tag: texts("tag", "TEXT", "Its tags, all of them; may be repeated"),
  retries: count("retries", 0, 100, "Retries after the first attempt").pipe(Flag.optional),
  backoff: duration("backoff", "Delay before the first retry"),
  backoffFactor: number("backoff-factor", 1, 100, "By how much each further delay is longer"),
  maxBackoff: duration("max-backoff", "Longest delay before a retry"),
  jitter: number("jitter", 0, 1, "Share by which each delay varies"),
  noRetryOn: texts("no-retry-on", "CODE", `Error codes that no retry mends, all of them; ${NONE}: retry all`),
  timeout: duration("timeout", "An attempt is asked to stop after this"),
  hardTimeout: duration("hard-timeout", "An attempt is killed after this"),
  overlap: choice("overlap", ExecutionOverlap.literals, "What a run does that is due while an earlier one goes on"),
  catchUp: choice("catch-up", CatchUp.literals, "Which runs missed while nothing ran are run late"),
  catchUpWindow: duration("catch-up-window", "How far back a missed run may lie"),
  catchUpMax: orNone("catch-up-max", "N", "Run late at most the newest so many", wholeNumber, "a whole number from 1"),
  catchUpRate: orNone("catch-up-rate", "RATE", "Run late at most so many in a time", parseRate, RATES),
  expires: duration("expires", "Given up when nobody has begun it so long after it was due"),
  pauseAfter: count("pause-after", 1, 1000, "Pause it after so many failures in a row").pipe(Flag.optional),
  startAt: text("start-at", "INSTANT", `Nothing runs before; ${NONE}: no bound`),
  endAt: text("end-at", "INSTANT", `Nothing runs after; ${NONE}: no bound`),
  maxRuns: orNone("max-runs", "N", "Completed after so many runs", wholeNumber, "a whole number from 1"),
  spread: orNone(
    "spread",
    "DURATION",
    "Due up to so much later, by the same delay each time",
    (value) => parseDuration(value) || undefined,
    `a duration such as ${DURATIONS}`
  ),
  exclude: texts("exclude", "CALENDAR", "Calendars on whose days it does not run, all of them; may be repeated"),
  managedBy: orNone("managed-by", "WHO", "Who looks after it, such as apply:tasks", (who) => who, "a name"),
  ifRevision,
  ...origin
}

/** What is said of one task, and makes no sense for many: other fields than those are changed by a filter. */
const SINGLE = ["taskName", "description", "taskArgs", "startAt", "endAt", "maxRuns", "exclude"]

const isOpen = ({ status }: ScheduledTask): boolean =>
  status === "scheduled" || status === "running" || status === "paused"

const boundary = Effect.fnUntraced(function* (given: Option.Option<string>, edge: "begin" | "end", zone: string) {
  if (Option.isNone(given)) return undefined
  return given.value === NONE ? null : yield* boundOf(given.value, edge, zone)
})

export const update = Command.make(
  "update",
  flags,
  Effect.fnUntraced(function* (input) {
    const ids = Option.toArray(input.id)
    const { whereName, whereTag, whereType, yes, json } = input
    const choice = { ids, tag: whereTag, type: whereType, name: whereName, yes, json }
    if ((yield* byFilter("update", choice)) && Option.isSome(input.commandId)) {
      return yield* usage("--command-id is for one task; name one")
    }
    const taskArgs = Option.isSome(input.args) ? { taskArgs: yield* jsonArgs(input.args.value) } : {}
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const one = ids[0]
        const task =
          one === undefined ? undefined : (yield* byId(scheduler, one, scheduler.info({ id: one, executions: 1 }))).task
        const zone = yield* zoneOf(Option.fromNullishOr(task?.timezone))
        const startAt = yield* boundary(input.startAt, "begin", zone)
        const endAt = yield* boundary(input.endAt, "end", zone)
        const change = {
          ...taskArgs,
          ...defined({
            taskName: input.name,
            description: input.description,
            queue: input.queue,
            priority: input.priority,
            key: input.key,
            maxRetries: input.retries,
            backoffMs: input.backoff,
            backoffFactor: input.backoffFactor,
            maxBackoffMs: input.maxBackoff,
            jitter: input.jitter,
            timeoutMs: input.timeout,
            hardTimeoutMs: input.hardTimeout,
            overlap: input.overlap,
            catchUp: input.catchUp,
            catchUpWindowMs: input.catchUpWindow,
            catchUpMax: input.catchUpMax,
            catchUpRate: input.catchUpRate,
            maxRuns: input.maxRuns,
            spreadMs: Option.map(input.spread, (spread) => spread ?? 0),
            expiresMs: input.expires,
            pauseAfterFailures: input.pauseAfter,
            managedBy: input.managedBy
          }),
          ...(startAt === undefined ? {} : { startAt }),
          ...(endAt === undefined ? {} : { endAt }),
          ...(input.noRetryOn.length === 0 ? {} : { noRetryOn: input.noRetryOn.filter((code) => code !== NONE) }),
          ...(input.tag.length === 0 ? {} : { tags: input.tag }),
          ...(input.exclude.length === 0 ? {} : { exclude: input.exclude })
        }
        if (Object.keys(change).length === 0) {
          return yield* usage("nothing is to be changed", "name what, such as --name, --args or --retries")
        }
        const common = defined({ reason: input.reason, commandId: input.commandId })
        if (task === undefined) {
          const single = SINGLE.find((field) => field in change)
          if (single !== undefined || Option.isSome(input.ifRevision)) {
            return yield* usage(
              `${single === undefined ? "--if-revision" : single} is a change of one task; name it`,
              "several are changed at once in their policies, queue, tags and bounds of retries"
            )
          }
          const chosenIds = yield* chosen(scheduler, "update", choice, isOpen)
          return yield* eachTask(
            scheduler,
            chosenIds,
            input.json,
            (taskId) => scheduler.update({ taskId, ...change, ...common }),
            ({ revision, taskId }) => `changed ${taskId}, revision ${revision}`
          )
        }
        yield* showChange(scheduler, task.taskId, input.json, () =>
          scheduler.update({
            taskId: task.taskId,
            ...change,
            ...common,
            ...defined({ ifRevision: input.ifRevision })
          })
        )
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: 'nagatha update 4kx9 --name "nightly backup" --retries 5' },
    { command: "nagatha update 4kx9 --priority 300 --no-retry-on invalidLogin --max-backoff 1h" },
    { command: "nagatha update --where-tag reports --retries 5", description: "All that have a tag; asks first" },
    { command: "nagatha update 4kx9 --end-at none --if-revision 3", description: "Unless somebody has changed it" }
  ])
)
