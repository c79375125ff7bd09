/** What a change does to the runs of a task: before and after. */
import { Effect } from "effect"
import { Flag } from "effect/cli"
import type { ChangeAnswer, Scheduler, SchedulerError } from "../../Scheduler.ts"
import { count } from "../asking/Flags.ts"
import { colors, labelled, now, out, outJson } from "./Output.ts"
import { runLines } from "./Runs.ts"
import { byId } from "../asking/TaskNames.ts"
import { type Paint, visibleLine } from "./Text.ts"
import { backText, fieldLines } from "./Changes.ts"

export const ifRevision = count(
  "if-revision",
  1,
  1_000_000_000,
  "Only if the task has this revision: a change by somebody else is not lost"
).pipe(Flag.optional)

/** What the newest revision changed, a line a field; nothing where it cannot be told. */
const changedFields = (scheduler: Scheduler["Service"], taskId: string, revision: number, paint: Paint) =>
  scheduler.changes({ id: taskId, limit: 1 }).pipe(
    Effect.map(({ items: [newest] }) =>
      newest?.revision === revision
        ? [
            ...backText(newest),
            ...fieldLines(
              newest.changes.filter(({ field }) => field !== "understoodAs"),
              paint
            )
          ]
        : []
    ),
    Effect.catch(() => Effect.succeed([]))
  )

/** Carries out a change, and shows what it changed, and the runs that were to come beside those that are. */
export const showChange = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  id: string,
  json: boolean,
  change: () => Effect.Effect<ChangeAnswer, SchedulerError>
) {
  const before = json ? undefined : yield* byId(scheduler, id, scheduler.info({ id, executions: 1 }))
  const answer = yield* change()
  if (before === undefined) return yield* outJson(answer)
  const paint = yield* colors
  const today = yield* now
  const { task } = before
  const runs = (title: string, lines: string) => [paint.bold(title), lines === "" ? "  none" : lines]
  const fields = yield* changedFields(scheduler, answer.taskId, answer.revision, paint)
  const runsBefore = runLines(before.nextRuns.slice(0, 3), task.timezone, today, paint)
  const runsNow = runLines(answer.nextRuns, answer.timezone, today, paint)
  yield* out(
    [
      paint.bold(`changed ${answer.taskId}, revision ${answer.revision}`),
      ...fields,
      labelled(
        [
          ["understood", visibleLine(answer.understoodAs)],
          ["zone", answer.timezone],
          ...answer.notes.map((text) => ["note", visibleLine(text)] as const)
        ],
        paint
      ),
      ...(runsBefore === runsNow
        ? runs("next runs, as before", runsNow)
        : [...runs("next runs before", runsBefore), ...runs("next runs now", runsNow)])
    ].join("\n")
  )
})
