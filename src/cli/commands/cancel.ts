/** `nagatha cancel ID…`: stops tasks for good, or single executions of them, after asking. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { CancelExecutionAnswer, CancelWaitingAnswer, Scheduler, TaskAnswer } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen, confirmed, confirmedLines, mustAsk } from "../asking/ChosenTasks.ts"
import { present } from "../asking/Flags.ts"
import { usage } from "../Failure.ts"
import { eachTask } from "../showing/EachTask.ts"
import { note } from "../showing/Output.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { byId, isExecution } from "../asking/TaskNames.ts"

const flags = {
  ...choosing,
  ids: Argument.String("ID").pipe(
    Argument.withDescription("Ids of tasks, or of executions (with @), or beginnings of 4 characters or more"),
    Argument.variadic()
  ),
  waiting: present("waiting", "Only drop what is due and waits for the end of an earlier run; the tasks go on"),
  ...origin
}

/** Most that one request drops. */
const DROPPED_AT_ONCE = 500

const isOpen = ({ status }: ScheduledTask): boolean =>
  status !== "cancelled" && status !== "completed" && status !== "failed"

/** Shows what would be cancelled, and asks; who asks for what is cancelled already is told so, and not asked. */
const agreed = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  ids: ReadonlyArray<string>,
  waiting: boolean
) {
  const executions = yield* Effect.forEach(ids.filter(isExecution), (id) =>
    byId(scheduler, id, scheduler.execution({ id }))
  )
  if (executions.length > 0) {
    const lines = executions.map(({ executionId, status, taskName }) => `${executionId}  ${taskName}  ${status}`)
    if (!(yield* confirmedLines("cancel", "execution", lines))) return false
  }
  const found = yield* Effect.forEach(
    ids.filter((id) => !isExecution(id)),
    (id) => byId(scheduler, id, scheduler.info({ id, executions: 1 }))
  )
  const tasks = found.map(({ task }) => task)
  if (tasks.every(({ status }) => status === "cancelled")) return true
  return yield* confirmed(waiting ? "drop what waits of" : "cancel", tasks)
})

/** All that wait, however many requests that takes. */
const dropAll = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  request: Parameters<Scheduler["Service"]["cancelWaiting"]>[0]
) {
  let answer: CancelWaitingAnswer = yield* scheduler.cancelWaiting(request)
  let executions = answer.executions
  const { commandId: _first, ...again } = request
  while (answer.executions >= DROPPED_AT_ONCE) {
    const next = yield* scheduler.cancelWaiting(again).pipe(
      Effect.catchIf(
        (error) => error._tag === "Refused" && error.code === "nothingWaits",
        () => Effect.succeed(undefined)
      )
    )
    if (next === undefined) break
    answer = next
    executions += next.executions
  }
  return { ...answer, executions }
})

const told = (answer: TaskAnswer | CancelExecutionAnswer | CancelWaitingAnswer): string => {
  if ("execution" in answer) {
    return answer.execution === "stopping"
      ? `asked execution ${answer.executionId} to stop`
      : `cancelled execution ${answer.executionId}`
  }
  if (!("executions" in answer)) return `cancelled ${answer.taskId}`
  return `dropped ${answer.executions} waiting ${answer.executions === 1 ? "execution" : "executions"} of ${answer.taskId}`
}

export const cancel = Command.make(
  "cancel",
  flags,
  Effect.fnUntraced(function* (input) {
    const common = yield* originOf(input)
    const filtered = yield* byFilter("cancel", input)
    if (input.waiting && input.ids.some(isExecution)) {
      return yield* usage("--waiting is about tasks, not about executions", "leave it out, or name tasks")
    }
    if (!filtered) yield* mustAsk("cancel", input)
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const ids = yield* chosen(scheduler, "cancel", input, isOpen)
        if (!filtered && !input.yes && !(yield* agreed(scheduler, ids, input.waiting)))
          return yield* note("nothing has been cancelled")
        yield* eachTask<TaskAnswer>(
          scheduler,
          ids,
          input.json,
          (id) =>
            isExecution(id)
              ? scheduler.cancelExecution({ executionId: id, ...common })
              : input.waiting
                ? dropAll(scheduler, { taskId: id, ...common })
                : scheduler.cancel({ taskId: id, ...common }),
          told
        )
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha cancel 4kx9", description: "The beginning of an id is enough; asks first" },
    { command: "nagatha cancel 4kx9@20260308T143000000Z", description: "One execution; its task goes on" },
    { command: "nagatha cancel 4kx9 --waiting --yes", description: "What is due and waits for its turn" },
    { command: "nagatha cancel --tag experiment", description: "All that have a tag" },
    { command: 'nagatha cancel 4kx9 7pq2 --yes --reason "moved to the new server"' }
  ])
)
