/** A plan of applying a set, and what became of it, for people and for programs. */
import type { Schema } from "effect"
import { type Action, ACTIONS, type HandChange, type Planned } from "../asking/ApplyPlan.ts"
import type { CliFailure } from "../Failure.ts"
import { runLines } from "./Runs.ts"
import { type Paint, safeJson, visibleLine } from "./Text.ts"
import { localTime } from "./Times.ts"

/** Characters of a value that are shown. */
const SHOWN = 200

const MARKS: Readonly<Record<Action, string>> = {
  create: "+",
  update: "~",
  reschedule: "~",
  restore: "+",
  unchanged: "=",
  prune: "-",
  gone: "?",
  refused: "!"
}

const painted = (paint: Paint, action: Action, text: string): string => {
  if (action === "create" || action === "restore") return paint.green(text)
  if (action === "prune" || action === "refused") return paint.red(text)
  return action === "unchanged" ? paint.dim(text) : paint.yellow(text)
}

const valueText = (value: unknown): string => {
  const text = safeJson(value)
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}

interface Line {
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

/** Arguments one by one. */
const split = (changes: Planned["changes"]): ReadonlyArray<Line> =>
  changes.flatMap((change): ReadonlyArray<Line> => {
    if (change.field !== "taskArgs") return [change]
    const [before, after] = [change.before as Record<string, unknown>, change.after as Record<string, unknown>]
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((key) => safeJson(before[key]) !== safeJson(after[key]))
      .map((key) => ({ field: `taskArgs.${key}`, before: before[key] ?? null, after: after[key] ?? null }))
  })

const driftText = ({ actor, at, field, reason, revision }: HandChange, zone: string): string =>
  `${field} was changed by ${visibleLine(actor)} at ${localTime(at, zone)}, revision ${revision}${reason === null ? "" : `: ${visibleLine(reason)}`}`

export interface Shown {
  readonly zone: string
  readonly now: number
  readonly paint: Paint
}

/** One task of the plan; undefined where there is nothing to say of it. */
const taskText = (one: Planned, { now, paint, zone }: Shown): string | undefined => {
  const { action, changes, drift, nextRunsAfter, nextRunsBefore, note, place, taskId, timezone } = one
  if (action === "unchanged" && drift.length === 0) return undefined
  const head = `${painted(paint, action, `${MARKS[action]} ${action.padEnd(10)}`)} ${taskId}${place === null ? "" : `  ${paint.dim(visibleLine(place))}`}`
  const runs = (title: string, given: Planned["nextRunsAfter"]) => {
    const lines = runLines(given, timezone, now, paint)
    return lines === "" ? [] : [`    ${title}`, lines.replace(/^/gm, "    ")]
  }
  return [
    head,
    ...(note === null ? [] : [`    ${visibleLine(note)}`]),
    ...split(changes).map(({ after, before, field }) => `    ${field}: ${valueText(before)} → ${valueText(after)}`),
    ...drift.map((change) => `    ${paint.yellow("by hand:")} ${driftText(change, zone)}`),
    ...(changes.length > 0 ? runs("next runs before", nextRunsBefore) : []),
    ...runs(action === "create" ? "next runs" : "next runs then", nextRunsAfter)
  ].join("\n")
}

/** `2 to create, 1 to update, 5 unchanged`. */
export const summaryText = (plan: ReadonlyArray<Planned>): string => {
  const said = ACTIONS.flatMap((action) => {
    const count = plan.filter((one) => one.action === action).length
    if (count === 0) return []
    if (action === "gone") return [`${count} without a file`]
    return [action === "unchanged" || action === "refused" ? `${count} ${action}` : `${count} to ${action}`]
  })
  return said.length === 0 ? "the set is empty" : said.join(", ")
}

/** The set is named: two folders of one name are one set, and what is pruned is told of which. */
export const planText = (set: string, plan: ReadonlyArray<Planned>, shown: Shown): string =>
  [...plan.flatMap((one) => taskText(one, shown) ?? []), `set ${visibleLine(set)}: ${summaryText(plan)}`].join("\n")

/** What became of one task. */
export interface Outcome {
  readonly planned: Planned
  /** Null where nothing was to be done, or nothing was done. */
  readonly done: string | null
  readonly failure: CliFailure | null
}

/** A task of the plan as JSON. */
export const plannedJson = ({ create: _create, update: _update, ...one }: Planned) =>
  one as unknown as Schema.JsonObject

/** What became of it as JSON. */
export const outcomeJson = ({ done, failure, planned }: Outcome) => ({
  ...plannedJson(planned),
  done,
  error: failure === null ? null : { code: failure.code, message: failure.message }
})
