/** What docs/when.md and the README say can be written can be written. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import * as When from "../../src/recurrence/When.ts"

const page = (name: string): string => readFileSync(join(import.meta.dirname, "../..", name), "utf8")
const options = { now: Date.parse("2026-07-15T18:00:00.000Z"), zone: "America/New_York", taskId: "task" }

const problem = (text: string): string =>
  Result.match(When.parse(text, options), { onFailure: ({ problem }) => problem, onSuccess: () => "" })

describe("the page about when", () => {
  it("has only phrases, and flags, in the first column of its tables, and the phrases are understood", () => {
    const rows = page("docs/when.md")
      .split("\n")
      .filter((line) => line.startsWith("| `") && !line.startsWith("| `--"))
    const phrases = rows.flatMap((row) => /^\| `([^`]+)`/.exec(row)?.[1] ?? [])
    assert.isAtLeast(phrases.length, 35)
    for (const phrase of phrases) assert.strictEqual(problem(phrase), "", phrase)
  })
  it("is right about what is refused, and what to write instead", () => {
    const section = page("docs/when.md").split("## Refused")[1]?.split("\n## ")[0] ?? ""
    const rows = section.split("\n").filter((line) => line.startsWith("| "))
    const [, , ...pairs] = rows.map((row) => row.split(" | "))
    assert.isAtLeast(pairs.length, 10)
    for (const [why = "", not = "", but = ""] of pairs) {
      const [wrong, right] = [not, but].map((cell) =>
        [...cell.matchAll(/`([^`-][^`]*)`/g)].map(([, phrase = ""]) => phrase)
      )
      assert.isAbove(wrong?.length ?? 0, 0, why)
      assert.isAbove(right?.length ?? 0, 0, why)
      for (const phrase of wrong ?? []) assert.notStrictEqual(problem(phrase), "", phrase)
      for (const phrase of right ?? []) assert.strictEqual(problem(phrase), "", phrase)
    }
  })
  it.each([
    ["2027-03-14", "2027-03-14T05:00Z", "2027-03-14T08:00Z"],
    ["2027-11-07", "2027-11-07T04:00Z", "2027-11-07T08:00Z"]
  ])("is right about the night of %s, run by run", (date, from, to) => {
    const title = date === "2027-03-14" ? "New York, 14 March 2027" : "New York, 7 November 2027"
    const table = (page("docs/when.md").split(title)[1] ?? "").split("\n\n")[1] ?? ""
    const rows = table.split("\n").filter((line) => line.startsWith("| `"))
    assert.strictEqual(rows.length, 4)
    for (const row of rows) {
      const [, phrase = "", runs = "", instants = ""] = /^\| `([^`]+)` *\| ([^|]+?) *\| ([^|]+?) *\|/.exec(row) ?? []
      const { recurrence } = Result.getOrThrow(When.parse(phrase, { ...options, now: Date.parse(from) - 1 }))
      const found = Occurrences.upcoming(recurrence, Date.parse(from) - 1, 9, options.zone).filter(
        ({ at }) => Date.parse(at) < Date.parse(to)
      )
      assert.strictEqual(found.map(({ at }) => `${at.slice(11, 16)}Z`).join(" "), instants, phrase)
      const local = found.map((run) => run.local.slice(11, 16).replace(/^0/, "")).join(", ")
      assert.strictEqual(local, runs.replace(" daylight time", ""), phrase)
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
