/** The revisions of a task: what changed, field by field, by whom, and why. */
import { Effect } from "effect"
import type { ChangesPage, FieldChange, Scheduler, TaskChange } from "../../Scheduler.ts"
import { byId } from "../asking/TaskNames.ts"
import { colors, out } from "./Output.ts"
import { type Paint, safeJson, visibleLine } from "./Text.ts"
import { localTime } from "./Times.ts"

/** Characters shown of a value. */
const SHOWN = 120

/** All pages as one. */
export const allChanges = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  id: string,
  field: string | undefined
) {
  const filter = field === undefined ? { id } : { id, field }
  let page: ChangesPage = yield* byId(scheduler, id, scheduler.changes(filter))
  const items = [...page.items]
  while (page.nextBefore !== null) {
    page = yield* scheduler.changes({ ...filter, before: page.nextBefore })
    items.push(...page.items)
  }
  return { ...page, items }
})

const valueText = (value: FieldChange["from"]): string => {
  const text = visibleLine(typeof value === "string" ? value : safeJson(value))
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return value === null ? "none" : short
}

/** Field by field, in columns: what was, and what is. */
export const fieldLines = (changes: ReadonlyArray<FieldChange>, paint: Paint): ReadonlyArray<string> => {
  const width = Math.max(0, ...changes.map(({ field }) => visibleLine(field).length))
  return changes.map(
    ({ field, from, to }) =>
      `  ${visibleLine(field).padEnd(width)}  ${paint.red(valueText(from))} → ${paint.green(valueText(to))}`
  )
}

/** Which revision came back with it. */
export const backText = ({ revertsTo }: TaskChange): ReadonlyArray<string> =>
  revertsTo === null ? [] : [`  back to revision ${revertsTo}`]

const one = (change: TaskChange, zone: string, paint: Paint): string => {
  const back = change.revertsTo === null ? "" : `, back to revision ${change.revertsTo}`
  return [
    `${paint.bold(`revision ${change.revision}`)}  ${change.event}${back}  ${localTime(change.at, zone)}  by ${visibleLine(change.actor)}`,
    ...(change.reason === null ? [] : [`  reason  ${visibleLine(change.reason)}`]),
    ...fieldLines(change.changes, paint),
    `  ${paint.dim(`command ${visibleLine(change.commandId)}`)}`
  ].join("\n")
}

/** For people: every revision, and where a field is asked for who set it last. */
export const showChanges = Effect.fnUntraced(function* (page: ChangesPage, zone: string, field: string | undefined) {
  const paint = yield* colors
  const last = field === undefined ? [] : page.lastSet
  yield* out(
    [
      ...last.map(
        (set) =>
          `${visibleLine(set.field)} was set by ${visibleLine(set.actor)}, ${localTime(set.at, zone)}, revision ${set.revision}`
      ),
      ...page.items.map((change) => one(change, zone, paint))
    ].join("\n")
  )
})
