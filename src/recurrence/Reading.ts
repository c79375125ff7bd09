/**
 * What the readers of the parts of the language share: what they are told, and what they answer.
 */
import type { Instant } from "./Instant.ts"
import type { GapPolicy, OverlapPolicy, Recurrence, SingleRecurrence } from "./Recurrence.ts"
import type { Calendar } from "./zone/Zoned.ts"

export interface WhenOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** IANA name; known to be one. */
  readonly zone: string
  /** Decides the slots of `H`. */
  readonly taskId: string
  /** Take an instant that has passed (default false). */
  readonly allowPast?: boolean
  /** Default: the first instant after the gap; nothing for what follows real time. */
  readonly gap?: GapPolicy
  /** Default: the first pass; both for what follows real time. */
  readonly overlap?: OverlapPolicy
}

export interface Understood {
  readonly recurrence: Recurrence
  /** For people. */
  readonly understoodAs: string
  readonly notes: ReadonlyArray<string>
  readonly startAt?: Instant
  readonly endAt?: Instant
  readonly maxRuns?: number
}

/** What a reader of a part of the language finds: an answer, a refusal with its place, or that the text is not its kind. */
export type Reading =
  | { readonly _tag: "understood"; readonly understood: Understood }
  | {
      readonly _tag: "instant"
      readonly at: number
      readonly words: string
      readonly notes?: ReadonlyArray<string>
      /** Midnight of the day on the wall clock, where no time of day was said. */
      readonly day?: number
    }
  | Refusal
  | { readonly _tag: "other" }

export interface Refusal {
  readonly _tag: "refused"
  readonly problem: string
  readonly start?: number
  readonly end?: number
  /** What was understood before the place. */
  readonly soFar?: string
}

export const other: Reading = { _tag: "other" }
export const refused = (problem: string, start?: number, end?: number, soFar?: string): Refusal => ({
  _tag: "refused",
  problem,
  ...(start === undefined ? {} : { start }),
  ...(end === undefined ? {} : { end }),
  ...(soFar === undefined ? {} : { soFar })
})

/** FNV-1a, so that a task keeps its slots for ever. */
export const hashOf =
  (taskId: string) =>
  (name: string): number => {
    let hash = 0x811c9dc5
    for (const character of `${taskId} ${name}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    return hash >>> 0
  }

/** The zone of what is on the clock, with the daylight-saving rules of its kind where none were chosen. */
export const calendarOf = (followsRealTime: boolean, options: WhenOptions): Calendar => ({
  timezone: options.zone,
  gap: options.gap ?? (followsRealTime ? "skip" : "nextValid"),
  overlap: options.overlap ?? (followsRealTime ? "both" : "first")
})

/** Parts as one recurrence. */
export const together = (parts: ReadonlyArray<SingleRecurrence>): Recurrence => {
  const [only, ...more] = parts
  return only !== undefined && more.length === 0 ? only : { kind: "union", of: parts }
}
