/** The calendars of excluded days as events tell them: the rule of `Calendars.ts`, and of any moment of the past. */
import type { CalendarEvent } from "../events/CalendarEvent.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import type { Instant } from "../recurrence/Instant.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"

/** A calendar as it is now. */
export interface Calendar {
  readonly calendar: string
  readonly days: ReadonlyArray<Days>
  readonly revision: number
  readonly changedAt: Instant
  /** Log sequence of its newest change. */
  readonly logSequence: number
}

const named = ({ exclude }: Pick<TaskDefinition, "exclude">): ReadonlyArray<string> => exclude ?? []

export class CalendarBook {
  readonly #calendars = new Map<string, Calendar>()
  /** The newest change of each name, of those that are gone too. */
  readonly #changes = new Map<string, { readonly revision: number; readonly logSequence: number }>()

  /** Takes in an event of the log. */
  fold(event: CalendarEvent, logSequence: number): void {
    const { calendar, revision } = event
    this.#changes.set(calendar, { revision, logSequence })
    if (event.type === "calendarSet") {
      this.#calendars.set(calendar, { calendar, days: event.days, revision, changedAt: event.time, logSequence })
    } else this.#calendars.delete(calendar)
  }

  clear(): void {
    this.#calendars.clear()
    this.#changes.clear()
  }

  has(calendar: string): boolean {
    return this.#calendars.has(calendar)
  }

  get names(): Iterable<string> {
    return this.#calendars.keys()
  }

  /** Revision of the newest change; 0 where there was none. */
  revision(calendar: string): number {
    return this.#changes.get(calendar)?.revision ?? 0
  }

  /** By name. */
  get all(): ReadonlyArray<Calendar> {
    return [...this.#calendars.values()].sort((a, b) => (a.calendar < b.calendar ? -1 : 1))
  }

  readonly excluded: ExcludedDays = {
    of: (definition) => named(definition).flatMap((name) => this.#calendars.get(name)?.days ?? []),
    changedAt: (definition) =>
      named(definition).reduce((newest, name) => Math.max(newest, this.#changes.get(name)?.logSequence ?? 0), 0)
  }
}
