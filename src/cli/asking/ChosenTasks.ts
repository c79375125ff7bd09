/** Which tasks a command is about: those that are named, or all that fit a filter, which is asked about first. */
import { Effect, Option, Terminal } from "effect"
import { Argument, Flag, TerminalCapabilities } from "effect/cli"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { Scheduler } from "../../Scheduler.ts"
import { usage } from "../Failure.ts"
import { defined, present, text } from "./Flags.ts"
import { note } from "../showing/Output.ts"
import { visibleLine } from "../showing/Text.ts"

/** Tasks shown of those that a filter chooses. */
const SHOWN = 20
const PAGE = 500

export const choosing = {
  ids: Argument.String("ID").pipe(
    Argument.withDescription("Task ids, or beginnings of ids of 4 characters or more"),
    Argument.variadic()
  ),
  tag: text("tag", "TEXT", "In place of ids: all with this tag"),
  type: text("type", "TYPE", "In place of ids: all of this type"),
  name: text("name", "GLOB", 'In place of ids: all whose name is so, such as "backup*"'),
  yes: present("yes", "Do not ask").pipe(Flag.withAlias("confirm"), Flag.withAlias("y"))
}

export interface Choice {
  readonly ids: ReadonlyArray<string>
  readonly tag: Option.Option<string>
  readonly type: Option.Option<string>
  readonly name: Option.Option<string>
  readonly yes: boolean
  readonly json: boolean
}

/** Whether a filter is given in place of ids; neither, or both, is wrong. */
export const byFilter = Effect.fnUntraced(function* (verb: string, { ids, name, tag, type }: Choice) {
  const filtered = [tag, type, name].some((flag) => Option.isSome(flag))
  if (filtered === ids.length > 0) {
    return yield* usage(
      filtered ? "ids and a filter contradict each other; leave one out" : `${verb} which tasks?`,
      `such as: nagatha ${verb} 4kx9, or nagatha ${verb} --tag reports`
    )
  }
  return filtered
})

/** Nobody who could be asked is there, and --yes is not given. */
export const mustAsk = Effect.fnUntraced(function* (verb: string, { json, yes }: Pick<Choice, "json" | "yes">) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (yes || (canPrompt && !json)) return
  return yield* usage(`${verb} asks first, and there is nobody to ask here`, "give --yes")
})

/** Shows what the command is about, and asks; anything but yes means no. */
export const confirmed = (verb: string, tasks: ReadonlyArray<ScheduledTask>) =>
  confirmedLines(
    verb,
    "task",
    tasks.map(
      (task) => `${task.taskId}  ${visibleLine(task.taskName)}  ${task.status}  ${visibleLine(task.understoodAs)}`
    )
  )

/** The same for a line each. */
export const confirmedLines = Effect.fnUntraced(function* (
  verb: string,
  what: "task" | "execution" | "finding",
  lines: ReadonlyArray<string>
) {
  for (const line of lines.slice(0, SHOWN)) yield* note(line)
  if (lines.length > SHOWN) yield* note(`and ${lines.length - SHOWN} more`)
  const words = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`
  yield* note(lines.length === 1 ? `${words} this ${what}? [y/N]` : `${words} these ${lines.length} ${what}s? [y/N]`)
  const answer = yield* Terminal.Terminal.use((terminal) => terminal.readLine)
  return /^\s*y(es)?\s*$/i.test(answer)
})

/** Which tasks a filter is about, where not only those that are not over, or have ended lately. */
export interface Among {
  readonly status?: ScheduledTask["status"]
  readonly all?: boolean
}

/** The tasks of a filter that the command can be about. */
export const fitting = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  choice: Pick<Choice, "tag" | "type" | "name">,
  wanted: (task: ScheduledTask) => boolean,
  among: Among = {}
) {
  const found: Array<ScheduledTask> = []
  let cursor: string | null = null
  do {
    const page: { readonly items: ReadonlyArray<ScheduledTask>; readonly nextCursor: string | null } =
      yield* scheduler.tasks({
        ...defined({ tag: choice.tag, type: choice.type, name: choice.name }),
        ...among,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor })
      })
    found.push(...page.items.filter(wanted))
    cursor = page.nextCursor
  } while (cursor !== null)
  return found
})

/** The ids; none where a filter fits nothing, which is said before anything is asked, or the answer was no, which is said too. */
export const chosen = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  verb: string,
  choice: Choice,
  wanted: (task: ScheduledTask) => boolean,
  among: Among = {}
) {
  if (!(yield* byFilter(verb, choice))) return choice.ids
  const tasks = yield* fitting(scheduler, choice, wanted, among)
  if (tasks.length === 0) {
    yield* note(`there is no such task to ${verb}`)
    return []
  }
  yield* mustAsk(verb, choice)
  if (!choice.yes && !(yield* confirmed(verb, tasks))) {
    yield* note("nothing was done")
    return []
  }
  return tasks.map(({ taskId }) => taskId)
})
