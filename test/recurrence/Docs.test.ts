/** What docs/when.md and the README say can be written can be written. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as When from "../../src/recurrence/When.ts"

const page = (name: string): string => readFileSync(join(import.meta.dirname, "../..", name), "utf8")
const options = { now: Date.parse("2026-07-15T18:00:00.000Z"), zone: "America/New_York", taskId: "task" }

const problem = (text: string): string =>
  Result.match(When.parse(text, options), { onFailure: ({ problem }) => problem, onSuccess: () => "" })

describe("the page about when", () => {
  it("has only phrases in the first column of its tables that are understood", () => {
    const rows = page("docs/when.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
    const phrases = rows.flatMap((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? [])
    assert.isAtLeast(phrases.length, 35)
    for (const phrase of phrases) assert.strictEqual(problem(phrase), "", phrase)
  })
  it("is right about what is refused", () => {
    for (const phrase of [
      "every day",
      "weekly",
      "biweekly",
      "every second tuesday at 9",
      "twice a day",
      "0 0 30 2 *"
    ]) {
      assert.notStrictEqual(problem(phrase), "", phrase)
    }
  })
})

describe("the README", () => {
  it("has only phrases in its table of when that are understood", () => {
    const section = page("README.md").split("## When")[1]?.split("## Task types")[0] ?? ""
    const table = section
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .join("\n")
    const phrases = [...table.matchAll(/`([^`]+)`/g)]
      .map(([, phrase = ""]) => phrase)
      .filter((phrase) => !/^(?:…|--|nagatha|NAGATHA)/.test(phrase))
    assert.isAtLeast(phrases.length, 20)
    for (const phrase of phrases) assert.strictEqual(problem(phrase), "", phrase)
  })
})
