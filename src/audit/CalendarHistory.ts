/** What calendars excluded when: the days of each as they were at every log sequence. */
import type { CalendarEvent } from "../events/CalendarEvent.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import { toMillis } from "../recurrence/Instant.ts"

interface Version {
  readonly logSequence: number
  readonly time: number
  readonly days: ReadonlyArray<Days>
}

type Excludes = Pick<TaskDefinition, "exclude">

export class CalendarHistory {
  readonly #versions = new Map<string, Array<Version>>()

  take(event: CalendarEvent, logSequence: number): void {
    const versions = this.#versions.get(event.calendar) ?? []
    versions.push({ logSequence, time: toMillis(event.time), days: event.type === "calendarSet" ? event.days : [] })
    this.#versions.set(event.calendar, versions)
  }

  /** The days on which a task does not run, by its calendars as they were at a log sequence. */
  daysAt({ exclude = [] }: Excludes, logSequence: number): ReadonlyArray<Days> {
    return exclude.flatMap((name) => this.daysOf(name, logSequence))
  }

  /** The days of one calendar at a log sequence. */
  daysOf(calendar: string, logSequence: number): ReadonlyArray<Days> {
    return this.#versions.get(calendar)?.findLast((version) => version.logSequence <= logSequence)?.days ?? []
  }

  /** Log sequence of the newest change, up to one, of any calendar that a task names; 0 for none. */
  changedAt(named: Excludes, logSequence: number): number {
    return this.#newest(named, (version) => version.logSequence <= logSequence)
  }

  /** The same, up to an instant. */
  changedBefore(named: Excludes, time: number): number {
    return this.#newest(named, (version) => version.time <= time)
  }

  #newest({ exclude = [] }: Excludes, counts: (version: Version) => boolean): number {
    return exclude.reduce(
      (newest, name) => Math.max(newest, this.#versions.get(name)?.findLast(counts)?.logSequence ?? 0),
      0
    )
  }
}
