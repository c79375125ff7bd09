/** Conditions of a query joined by AND, with their parameters. */
import type { SQLInputValue } from "node:sqlite"
import { fromMillis } from "../recurrence/Instant.ts"

export class Conditions {
  readonly #texts: Array<string> = []
  readonly parameters: Array<SQLInputValue> = []

  and(text: string, ...parameters: ReadonlyArray<SQLInputValue>): this {
    this.#texts.push(text)
    this.parameters.push(...parameters)
    return this
  }

  /** One of these values; nothing is asked where there are none. */
  oneOf(column: string, values: ReadonlyArray<string> | undefined): this {
    return values === undefined ? this : this.and(`${column} IN (${values.map(() => "?").join(", ")})`, ...values)
  }

  /** An instant in `[since, until)`; one that is not there is in no range. */
  within(column: string, since: string | undefined, until: string | undefined): this {
    if (since !== undefined) this.and(`${column} >= ?`, wireText(since))
    if (until !== undefined) this.and(`${column} < ? AND ${column} <> ''`, wireText(until))
    return this
  }

  get where(): string {
    return ["true", ...this.#texts].map((text) => `(${text})`).join(" AND ")
  }
}

/** An instant as it stands in the rows; one between two milliseconds is the later one: nothing in the rows lies between. */
const wireText = (instant: string): string => {
  const [, fraction = ""] = /\.\d{3}(\d+)/.exec(instant) ?? []
  return fromMillis(Date.parse(instant) + (/[1-9]/.test(fraction) ? 1 : 0))
}

/** `*` and `?` as SQLite's GLOB has them, without its character classes. */
export const globOf = (pattern: string): string => pattern.replace(/\[/g, "[[]")
