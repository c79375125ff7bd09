/** `nagatha apply -f FILES`: tasks become as files say; everything is checked and planned before anything is done. */
import { Effect, Option, Terminal } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { ACTIONS, isPending, type Planned } from "../asking/ApplyPlan.ts"
import { handChangesOf, reasonOf } from "../asking/HandChanges.ts"
import { json, present, text, texts, timezone, zoneOf } from "../asking/Flags.ts"
import { planOf, wrongUnasked } from "../asking/PlannedSet.ts"
import { readSet, setName } from "../asking/TaskSet.ts"
import { withScheduler } from "../Backend.ts"
import { CliFailure, ExitCode, toldFailure, usage } from "../Failure.ts"
import { carriedOut } from "../showing/Applied.ts"
import { colors, note, now, out, outJson } from "../showing/Output.ts"
import { type Outcome, outcomeJson, plannedJson, planText, summaryText } from "../showing/PlanText.ts"
import { Presentation } from "../showing/Presentation.ts"
import { paint } from "../showing/Text.ts"

const flags = {
  file: texts("file", "PATH", "A file, or a directory with all below it; may be repeated; - for standard input").pipe(
    Flag.withAlias("f")
  ),
  set: text("set", "NAME", "Name of the set (default: that of the first directory or file)"),
  prune: present("prune", "Cancel tasks of the set that no file says any more"),
  dryRun: present("dry-run", "Show the plan, and do nothing"),
  exitCode: present("exit-code", "With --dry-run: end with 7 where there is something to do"),
  yes: present("yes", "Do not ask").pipe(Flag.withAlias("y")),
  reason: text("reason", "TEXT", "Why; kept with the history of each task"),
  timezone,
  json
}

/** Nobody who could be asked is there, and --yes is not given. */
const mustAsk = Effect.fnUntraced(function* (asksNot: boolean) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (asksNot || canPrompt) return
  return yield* usage(
    "apply asks before it changes anything, and there is nobody to ask here",
    "give --yes, or --dry-run"
  )
})

const summaryOf = (plan: ReadonlyArray<Planned>) =>
  Object.fromEntries(ACTIONS.map((action) => [action, plan.filter((one) => one.action === action).length]))

/** How the command ends: with the first failure, else as refused, else with what is still to be done. */
const ending = Effect.fnUntraced(function* (outcomes: ReadonlyArray<Outcome>, total: number) {
  const failed = outcomes.filter(({ failure, planned }) => failure !== null || planned.action === "refused")
  const [first] = failed
  if (first === undefined) return
  return yield* new CliFailure({
    code: first.failure?.code ?? "refused",
    message: `${failed.length} of ${total} tasks ${failed.length === 1 ? "is" : "are"} not as the files say: ${failed.map(({ planned }) => planned.taskId).join(", ")}`,
    exitCode: first.failure?.exitCode ?? ExitCode.conflict
  })
})

export const apply = Command.make(
  "apply",
  flags,
  Effect.fnUntraced(function* (input) {
    if (input.file.length === 0) return yield* usage("apply which files?", "such as: nagatha apply -f tasks/")
    if (input.exitCode && !input.dryRun) return yield* usage("--exit-code is for --dry-run", "leave it out")
    const set = yield* setName(Option.getOrUndefined(input.set), input.file)
    const zone = yield* zoneOf(input.timezone)
    const { problems, tasks } = yield* readSet(input.file)
    // Where a file says no zone, that of the service counts, whoever applies it; unless a flag says one.
    const inZone = Option.isSome(input.timezone) ? { timezone: zone } : {}
    const written = tasks.map((one) => ({ ...one, task: { ...inZone, ...one.task } }))
    const shown = { zone, now: yield* now, paint: yield* colors }
    const reason = reasonOf(set, Option.getOrUndefined(input.reason))
    yield* withScheduler((scheduler) =>
      Effect.gen(function* () {
        const plan = yield* planOf(
          scheduler,
          set,
          { problems, tasks: written },
          { prune: input.prune, handChanges: handChangesOf(scheduler) }
        )
        const pending = plan.filter(isPending)
        if (input.dryRun) {
          yield* input.json
            ? outJson({ set, dryRun: true, tasks: plan.map(plannedJson), summary: summaryOf(plan) })
            : out(planText(set, plan, shown))
          yield* ending(
            plan.map((one) => ({ planned: one, done: null, failure: null })),
            plan.length
          )
          const left = pending.length + plan.filter(({ action }) => action === "gone").length
          if (!input.exitCode || left === 0) return
          return yield* new CliFailure({
            code: "pending",
            message: `there is something to do: ${summaryText(plan)}`,
            exitCode: ExitCode.pending
          })
        }
        if (!input.json) yield* out(planText(set, plan, shown))
        if (pending.length > 0 && !input.yes) {
          yield* mustAsk(input.json)
          if (input.json)
            return yield* usage("apply asks before it changes anything, and prints JSON here", "give --yes")
          if (!(yield* confirmed(pending.length))) return yield* note("nothing was done")
        }
        const outcomes = yield* carriedOut(scheduler, plan, reason)
        if (input.json) {
          const told = outcomes.map(outcomeJson)
          yield* outJson({ set, dryRun: false, tasks: told, summary: summaryOf(plan) })
        } else {
          const { errorColor } = yield* Presentation
          for (const { done, failure, planned } of outcomes) {
            if (done !== null) yield* out(`${done} ${planned.taskId}`)
            if (failure !== null) {
              yield* note(`${planned.taskId}: ${toldFailure(failure, false, paint(errorColor))}`)
            }
          }
        }
        yield* ending(outcomes, plan.length)
      })
    ).pipe(
      // That the service cannot be asked does not hide what is wrong anyway.
      Effect.mapError((error) =>
        problems.length === 0 || (error instanceof CliFailure && error.code === "invalidTasks")
          ? error
          : wrongUnasked(problems)
      )
    )
  })
).pipe(
  Command.withExamples([
    {
      command: "nagatha apply -f tasks/ --dry-run",
      description: "The plan: what would be done, and who changed what by hand"
    },
    { command: "nagatha apply -f tasks/ --prune --yes" },
    { command: "nagatha apply -f tasks/ --dry-run --exit-code", description: "7 where tasks are not as the files say" },
    { command: "nagatha apply -f nightly.yaml -f more.json --set nightly" }
  ])
)

const confirmed = Effect.fnUntraced(function* (count: number) {
  yield* note(count === 1 ? "Do this? [y/N]" : `Do these ${count} changes? [y/N]`)
  const answer = yield* Terminal.Terminal.use((terminal) => terminal.readLine)
  return /^\s*y(es)?\s*$/i.test(answer)
})
