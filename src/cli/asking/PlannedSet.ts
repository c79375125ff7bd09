/** The plan of applying a set: what the files say, held against what the service makes of it and what is there. */
import { Effect } from "effect"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import { Refused } from "../../actors/door/TaskRequest.ts"
import type { ScheduleAnswer, Scheduler, SchedulerError } from "../../Scheduler.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { allPages } from "../showing/Pages.ts"
import {
  differences,
  type HandChangesOf,
  leftOver,
  managerOf,
  type Planned,
  planned,
  type There,
  type Wanted
} from "./ApplyPlan.ts"
import { placeText, type Problem, problemText, type Read, type Written } from "./TaskDocuments.ts"

/** Ids asked for in one query, and requests under way at the same time. */
const IDS = 200
const AT_ONCE = 8

type Service = Scheduler["Service"]

/** All that is wrong with the files, file by file: nothing has been done. */
const wrong = (problems: ReadonlyArray<Problem>, more = ""): CliFailure => {
  const files = [...new Set(problems.map(({ file }) => file))]
  const told = files.flatMap((file) =>
    problems.filter((one) => one.file === file).toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  )
  return new CliFailure({
    code: "invalidTasks",
    message: told.map(problemText).join("\n"),
    detail: told.map((problem) => ({ ...problem })),
    hint: `nothing was done; mend the files and apply them again${more}`,
    exitCode: ExitCode.usage
  })
}

/** What is wrong with the files whatever the service says, where it says nothing. */
export const wrongUnasked = (problems: ReadonlyArray<Problem>): CliFailure =>
  wrong(problems, "; the service, which could not be asked, may find more")

/** Refusals that the file can be mended for. */
const MENDABLE: ReadonlySet<string> = new Set([
  "invalidRequest",
  "invalidSchedule",
  "unknownTaskType",
  "invalidArgs",
  "tooLarge",
  "notFound"
])

/** The field that a refusal is about, as far as it says. */
const fieldOf = ({ code, message }: Refused): ReadonlyArray<string> => {
  const [, argument] = /argument "([^"]+)"/.exec(message) ?? []
  if (code === "invalidArgs") return ["taskArgs", ...(argument?.split(".") ?? [])]
  if (code === "unknownTaskType") return ["taskType"]
  if (code === "notFound") return ["exclude"]
  if (code === "invalidSchedule") return [message.includes("is not a time zone") ? "timezone" : "schedule"]
  const [, named] = /\b(hardTimeoutMs|startAt|endAt|maxRuns|catchUpMax|catchUpRate)\b/.exec(message) ?? []
  return named === undefined ? [] : [named]
}

const refusedAt = (written: Written, refused: Refused): Problem => {
  const field = fieldOf(refused)
  const hint = refused.hint === undefined ? "" : ` (${refused.hint})`
  return {
    file: written.file,
    part: written.part,
    line: written.lineOf(field),
    field: field.length === 0 ? null : field.join("."),
    message: `${refused.message}${hint}`
  }
}

/** What the service would make of a file; of an instant that has passed, where the task has had it already. */
const tried = (scheduler: Service, file: Written["task"], task: ScheduledTask | undefined) => {
  const dry = (more: object) => scheduler.schedule({ ...file, ...more, dryRun: true })
  return Effect.catchIf(
    dry({}),
    (error) => error._tag === "Refused" && error.code === "invalidSchedule" && task?.scheduleSpec === file.schedule,
    () => Effect.map(dry({ allowPast: true }), (answer): ScheduleAnswer => ({ ...answer, nextRuns: [] }))
  )
}

/** The tasks with these ids, and those of the set. */
const there = Effect.fnUntraced(function* (scheduler: Service, set: string, ids: ReadonlyArray<string>) {
  const found = new Map<string, ScheduledTask>()
  for (let from = 0; from < ids.length; from += IDS) {
    const some = ids.slice(from, from + IDS)
    const tasks = yield* allPages(Infinity, (page) => scheduler.tasks({ id: some, all: true, ...page }))
    for (const task of tasks) if (some.includes(task.taskId)) found.set(task.taskId, task)
  }
  const members = yield* allPages(Infinity, (page) =>
    scheduler.tasks({ managedBy: managerOf(set), status: ["scheduled", "running", "paused"], ...page })
  )
  return { found, members: members.filter(({ managedBy }) => managedBy === managerOf(set)) }
})

/** The plan, in the order of the files; everything has been checked. What was wrong with files is told with what the service finds wrong in the others. */
export const planOf = Effect.fnUntraced(function* (
  scheduler: Service,
  set: string,
  { problems: unread, tasks: written }: Read,
  { handChanges, prune }: { readonly prune: boolean; readonly handChanges: HandChangesOf }
) {
  const ids = written.map(({ task }) => task.taskId)
  const { found, members } = yield* there(scheduler, set, ids)
  const problems = [...unread]
  const plans = yield* Effect.forEach(
    written,
    Effect.fnUntraced(function* (one) {
      const { task: file } = one
      const task = found.get(file.taskId)
      const answer = yield* tried(scheduler, file, task).pipe(
        Effect.catchIf(
          (error) => error instanceof Refused && MENDABLE.has(error.code),
          (refused) => Effect.sync(() => void problems.push(refusedAt(one, refused as Refused)))
        )
      )
      if (answer === undefined) return []
      const place = placeText({ ...one, line: one.lineOf([]) })
      const wanted: Wanted = { file, place, wouldBe: answer.wouldBe ?? {}, nextRuns: answer.nextRuns }
      const withSet = { ...wanted, wouldBe: { ...wanted.wouldBe, managedBy: managerOf(set) } }
      return [planned(set, withSet, task === undefined ? undefined : yield* present(withSet, task))]
    }),
    { concurrency: AT_ONCE }
  )

  /** What is there, with what the plan shows of it where it changes. */
  function present({ file, wouldBe }: Wanted, task: ScheduledTask): Effect.Effect<There, SchedulerError> {
    const fields = differences(file, wouldBe, task).map(({ field }) => field)
    if (fields.length === 0) return Effect.succeed({ task, nextRuns: [], drift: [] })
    return Effect.all({
      task: Effect.succeed(task),
      nextRuns: Effect.map(scheduler.info({ id: task.taskId, executions: 1 }), ({ nextRuns }) => nextRuns.slice(0, 3)),
      drift: task.managedBy === managerOf(set) ? handChanges(task.taskId, set, fields) : Effect.succeed([])
    })
  }

  if (problems.length > 0) return yield* wrong(problems)
  const gone = members.filter(({ taskId }) => !ids.includes(taskId)).map((task) => leftOver(task, prune))
  const plan: ReadonlyArray<Planned> = [...plans.flat(), ...gone]
  return plan
})
