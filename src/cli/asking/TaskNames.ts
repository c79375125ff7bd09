/** Tasks are asked for by their ids; whoever gives a name is told which ids have it. */
import { Effect } from "effect"
import { Refused } from "../../actors/door/TaskRequest.ts"
import type { Scheduler, SchedulerError } from "../../Scheduler.ts"
import { visibleLine } from "../showing/Text.ts"

/** Whether an id is that of an execution, or the beginning of one: those of tasks hold no "@". */
export const isExecution = (id: string): boolean => id.includes("@")

/** Tasks of one name that are told. */
const SHOWN = 3

const hinted = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], id: string, refused: Refused) {
  // A pattern would be the name of many.
  const named = /^[^*?@]+$/.test(id)
    ? yield* scheduler.tasks({ name: id, limit: SHOWN, all: true }).pipe(
        Effect.map(({ items }) => items.map(({ taskId }) => taskId)),
        Effect.catch(() => Effect.succeed([]))
      )
    : []
  const hint = isExecution(id)
    ? "nagatha history shows the ids of executions"
    : named.length === 0
      ? "nagatha list --all shows the ids; the first 4 characters of one are enough"
      : `${visibleLine(id)} is the name of ${named.join(", ")}: give the id`
  return yield* new Refused({ code: refused.code, message: refused.message, hint })
})

/** The same, with a hint where no task has the id. */
export const byId = <A>(
  scheduler: Scheduler["Service"],
  id: string,
  effect: Effect.Effect<A, SchedulerError>
): Effect.Effect<A, SchedulerError> =>
  Effect.catch(effect, (error) =>
    error._tag === "Refused" && error.code === "notFound" && error.hint === undefined
      ? hinted(scheduler, id, error)
      : Effect.fail(error)
  )
