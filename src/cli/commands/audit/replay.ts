/** `nagatha audit replay`: the log folded anew and held against the rows that are served; with `--with`, decided anew under another policy. */
import { Effect, Option, Result } from "effect"
import { Command, Flag } from "effect/cli"
import type { Change } from "../../../audit/Counterfactual.ts"
import * as Commit from "../../../events/Commit.ts"
import { hashOf } from "../../../events/EventLog.ts"
import { CatchUp, ExecutionOverlap } from "../../../events/TaskDefinition.ts"
import type { Scheduler } from "../../../Scheduler.ts"
import { suggestion } from "../../../work/Suggestion.ts"
import { json, text } from "../../asking/Flags.ts"
import { eachStored } from "../../asking/StoredCommits.ts"
import { byId } from "../../asking/TaskNames.ts"
import { withScheduler } from "../../Backend.ts"
import { CliFailure, ExitCode, usage } from "../../Failure.ts"
import { replayText, whatIfText } from "../../showing/AuditText.ts"
import { colors, out, outJson } from "../../showing/Output.ts"
import { allPages } from "../../showing/Pages.ts"
import { counted } from "../../showing/Text.ts"

/** How often rows are read again that changed meanwhile. */
const TRIES = 3

const POLICIES = ["overlap", "catchUp", "maxRetries"] as const

const oneOf = <Word extends string>(words: ReadonlyArray<Word>, value: string): Word | undefined =>
  words.find((word) => word === value)

/** `overlap=allowAll` and the like. */
const changeOf = Effect.fnUntraced(function* (all: ReadonlyArray<string>) {
  let change: Change = {}
  for (const one of all) {
    const [, key = "", value = ""] = /^([^=]*)=(.*)$/.exec(one) ?? []
    const overlap = oneOf(ExecutionOverlap.literals, value)
    const catchUp = oneOf(CatchUp.literals, value)
    if (key === "overlap" && overlap !== undefined) change = { ...change, overlap }
    else if (key === "catchUp" && catchUp !== undefined) change = { ...change, catchUp }
    else if (key === "maxRetries" && /^\d{1,6}$/.test(value)) change = { ...change, maxRetries: Number(value) }
    else {
      const meant = suggestion(key, POLICIES)
      const hint = POLICIES.some((policy) => policy === key)
        ? key === "maxRetries"
          ? "such as maxRetries=5"
          : `it is one of ${(key === "overlap" ? ExecutionOverlap : CatchUp).literals.join(", ")}`
        : meant === undefined
          ? "such as overlap=allowAll, catchUp=all or maxRetries=0"
          : `did you mean ${meant}=…?`
      return yield* usage(`--with ${JSON.stringify(one)} is no policy and value`, hint)
    }
  }
  return change
})

/** Reads the served rows, and says how far the log was before and after. */
const servedRows = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], taskId: string | undefined) {
  const ends: Array<number> = []
  const noted = <Page extends { readonly logSequence: number }>(page: Page) => {
    ends.push(page.logSequence)
    return page
  }
  const ofTask = taskId === undefined ? {} : { id: taskId }
  const tasks = yield* allPages(Infinity, (page) =>
    Effect.map(scheduler.tasks({ all: true, sort: "created", ...ofTask, ...page }), noted)
  )
  const ofExecutions = taskId === undefined ? {} : { taskId }
  const executions = yield* allPages(Infinity, (page) =>
    Effect.map(scheduler.executions({ ...ofExecutions, ...page }), noted)
  )
  return { tasks, executions, from: Math.min(...ends), to: Math.max(...ends) }
})

export const replay = Command.make(
  "replay",
  {
    task: text("task", "ID", "Only this task: its id, or a beginning of 4 characters or more"),
    with: Flag.String("with").pipe(
      Flag.withMetavar("POLICY=VALUE"),
      Flag.withDescription("Decide anew as if tasks had this policy: overlap, catchUp or maxRetries; may be repeated"),
      Flag.atLeast(0)
    ),
    json
  },
  Effect.fnUntraced(function* (input) {
    const change = yield* changeOf(input.with)
    const { Replay } = yield* Effect.promise(() => import("../../../audit/Replay.ts"))
    const { WhatIf } = yield* Effect.promise(() => import("../../../audit/WhatIf.ts"))
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const asked = Option.getOrUndefined(input.task)
        const taskId =
          asked === undefined
            ? undefined
            : (yield* byId(scheduler, asked, scheduler.info({ id: asked, executions: 1 }))).task.taskId
        const paint = yield* colors
        if (input.with.length > 0) {
          const whatIf = new WhatIf(taskId)
          yield* eachStored(scheduler, { taskId }, (commits) =>
            Effect.fromResult(
              Result.map(
                Result.all(commits.map(({ sequence, text: stored }) => Commit.decode(sequence, stored))),
                (decoded) => {
                  for (const [index, commit] of decoded.entries()) whatIf.take(commits[index]?.sequence ?? 0, commit)
                }
              )
            )
          )
          const report = whatIf.under(change)
          return yield* input.json ? outJson(report) : out(whatIfText(report, paint))
        }
        for (let tried = 1; ; tried++) {
          const served = yield* servedRows(scheduler, taskId)
          const { from, to } = served
          const fold = new Replay(taskId)
          yield* eachStored(scheduler, { taskId, through: to }, (commits) =>
            Effect.forEach(
              commits,
              ({ sequence, storedAt, text: stored }) =>
                Effect.map(Effect.fromResult(Commit.decode(sequence, stored)), (commit) =>
                  fold.take({ sequence, commit, hash: hashOf(stored), storedAt: Date.parse(storedAt) })
                ),
              { discard: true }
            )
          )
          const report = fold.compare(served, { from, to })
          if (report.inMotion > 0 && tried < TRIES) continue
          yield* input.json ? outJson(report) : out(replayText(report, paint))
          if (report.ok) return
          return yield* new CliFailure({
            code: "differences",
            message: `the rows that are served differ from the log: ${counted(report.differing, "row")}`,
            hint: "stop the node and remove its read models (read-models-*.sqlite in the data directory): they are built anew from the log",
            exitCode: ExitCode.failed
          })
        }
      })
    )
  })
).pipe(
  Command.withDescription(
    "Fold the log anew and hold it against what is served; with --with: what another policy would have decided"
  ),
  Command.withExamples([
    { command: "nagatha audit replay", description: "Exit code 1 when what is served differs from the log" },
    { command: "nagatha audit replay --task 4kx9 --with overlap=allowAll", description: "What would have run" },
    { command: "nagatha audit replay --with catchUp=all --with maxRetries=0 --json" }
  ])
)
