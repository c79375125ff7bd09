/** What a change of policy would have decided, over the tasks of a log. */
import type { Commit } from "../events/Commit.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { CalendarHistory } from "./CalendarHistory.ts"
import { type Change, type Course, course, type Otherwise, otherwise, type Placed, recorded } from "./Counterfactual.ts"

/** Instants decided otherwise that are kept one by one. */
const MOST_INSTANTS = 1000

export type CourseCounts = Omit<Course, "decisions">

export interface WhatIfReport {
  readonly change: Change
  readonly tasks: number
  /** Tasks that messages start: about them nothing is said. */
  readonly left: number
  readonly was: CourseCounts
  readonly would: CourseCounts
  /** Instants decided otherwise. */
  readonly otherwise: number
  readonly instants: ReadonlyArray<Otherwise & { readonly taskId: string }>
  /** Instants that the rules of today decide otherwise without any change: what is decided within the same moment may turn out either way. */
  readonly unlike: number
}

/** Without what no decision depends on. */
const slim = (event: TaskEvent): TaskEvent => {
  if (event.type === "success") {
    const { output: _output, ...rest } = event
    return { ...rest, result: null }
  }
  if (event.type !== "failure" && event.type !== "retry") return event
  const { output: _output, ...rest } = event
  const { code, message } = event.error
  return { ...rest, error: { code, message } } as TaskEvent
}

export class WhatIf {
  readonly #calendars = new CalendarHistory()
  readonly #tasks = new Map<string, Array<Placed>>()
  readonly #only: string | undefined

  constructor(only?: string) {
    this.#only = only
  }

  take(sequence: number, commit: Commit): void {
    for (const event of commit.calendars ?? []) this.#calendars.take(event, sequence)
    for (const event of commit.events) {
      if (this.#only !== undefined && event.taskId !== this.#only) continue
      const events = this.#tasks.get(event.taskId)
      const placed = { event: slim(event), logSequence: sequence }
      if (events === undefined) this.#tasks.set(event.taskId, [placed])
      else events.push(placed)
    }
  }

  under(change: Change): WhatIfReport {
    const [was, would] = [nothing(), nothing()]
    const instants: Array<Otherwise & { readonly taskId: string }> = []
    let [tasks, left, differing, unlike] = [0, 0, 0, 0]
    for (const [taskId, events] of this.#tasks) {
      const other = course(events, this.#calendars, change)
      const same = course(events, this.#calendars, {})
      if (other === undefined || same === undefined) {
        left += 1
        continue
      }
      tasks += 1
      const told = recorded(events, this.#calendars)
      add(was, told)
      add(would, other)
      unlike += otherwise(taskId, told.decisions, same.decisions).length
      const found = otherwise(taskId, told.decisions, other.decisions)
      differing += found.length
      for (const one of found) if (instants.length < MOST_INSTANTS) instants.push({ taskId, ...one })
    }
    return { change, tasks, left, was, would, otherwise: differing, instants, unlike }
  }
}

type Sum = { -readonly [Key in keyof CourseCounts]: CourseCounts[Key] } & { skipped: Record<string, number> }

const nothing = (): Sum => ({
  due: 0,
  skipped: {},
  success: 0,
  failure: 0,
  attempts: 0,
  busyMs: 0,
  mostAtOnce: 0,
  assumed: 0
})

const add = (sum: Sum, one: Course): void => {
  for (const key of ["due", "success", "failure", "attempts", "busyMs", "assumed"] as const) sum[key] += one[key]
  for (const [reason, count] of Object.entries(one.skipped)) sum.skipped[reason] = (sum.skipped[reason] ?? 0) + count
  sum.mostAtOnce = Math.max(sum.mostAtOnce, one.mostAtOnce)
}
