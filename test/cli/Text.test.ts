import { assert, describe, it } from "@effect/vitest"
import { asksForJson, forbidsColor } from "../../src/cli/showing/Presentation.ts"
import { table } from "../../src/cli/showing/Table.ts"
import { indented, paint, safeJson, visible, visibleLine } from "../../src/cli/showing/Text.ts"

const same = (text: string) => text

describe("text that others wrote", () => {
  it("cannot steer the terminal", () => {
    assert.strictEqual(visible("\u001b[31mred\u009b1m\u0007"), "\\x1b[31mred\\x9b1m\\x07")
    assert.strictEqual(visible("safe\u202etxt.exe"), "safe\\u202etxt.exe")
    assert.strictEqual(visible("over\rwritten"), "over\\x0dwritten")
    assert.strictEqual(visible("two\r\nlines\tand a tab"), "two\nlines\tand a tab")
    assert.strictEqual(visibleLine("two\nlines"), "two\\nlines")
  })

  it("stands in JSON as the same value, and without what steers", () => {
    const value = { text: "\u001b]0;title\u0007\u009b\u202e\r\n ü 日本" }
    const json = safeJson(value)
    assert.deepStrictEqual(JSON.parse(json), value)
    assert.match(json, /^[\u0020-\u007e\u00a0-\uffff]*$/)
    assert.notInclude(json, "\u202e")
    assert.strictEqual(safeJson({ a: 1 }, 2), '{\n  "a": 1\n}')
  })

  it("is coloured only where colour is wanted", () => {
    assert.strictEqual(paint(false).red("x"), "x")
    assert.strictEqual(paint(true).red("x"), "\u001b[31mx\u001b[39m")
  })

  it("is moved right line by line, without trailing spaces", () => {
    assert.strictEqual(indented("a\n\nb", 2), "  a\n\n  b")
  })
})

describe("a table", () => {
  const columns = [
    { header: "ID", value: (row: { readonly id: string }) => row.id },
    { header: "N", value: (row: { readonly n: number }) => String(row.n), align: "right" as const },
    { header: "NAME", value: (row: { readonly name: string }) => row.name, flexible: true }
  ]
  const rows = [
    { id: "a1", n: 5, name: "short" },
    { id: "b22222", n: 1234, name: "日本語 and a rather long name" }
  ]

  it("aligns columns by display width and ends lines without spaces", () => {
    assert.strictEqual(
      table(columns, rows, { width: undefined, heading: same }),
      ["ID         N  NAME", "a1         5  short", "b22222  1234  日本語 and a rather long name"].join("\n")
    )
  })

  it("cuts only flexible columns, and only for a terminal", () => {
    assert.strictEqual(
      table(columns, rows, { width: 26, heading: same }),
      ["ID         N  NAME", "a1         5  short", "b22222  1234  日本語 and …"].join("\n")
    )
  })

  it("takes short forms, then leaves out what can be done without, where the terminal is too narrow", () => {
    const narrow = [
      { header: "ID", value: (row: { readonly id: string }) => row.id },
      {
        header: "WHEN (UTC)",
        value: () => "2026-03-08 12:00:00",
        short: { header: "WHEN", value: () => "in 3 h" }
      },
      { header: "LAST", value: () => "completed", optional: true },
      { header: "NAME", value: (row: { readonly name: string }) => row.name, flexible: true }
    ]
    const one = [{ id: "a1", name: "a rather long name" }]
    const at = (width: number) => table(narrow, one, { width, heading: same })
    assert.strictEqual(
      at(56),
      "ID  WHEN (UTC)           LAST       NAME\na1  2026-03-08 12:00:00  completed  a rather long name"
    )
    assert.strictEqual(at(50), "ID  WHEN    LAST       NAME\na1  in 3 h  completed  a rather long name")
    assert.strictEqual(at(40), "ID  WHEN    LAST       NAME\na1  in 3 h  completed  a rather long na…")
    assert.strictEqual(at(30), "ID  WHEN    NAME\na1  in 3 h  a rather long name")
    assert.strictEqual(at(10), "ID  WHEN    NAME\na1  in 3 h  a rathe…")
  })

  it("keeps a cell with line ends in one line", () => {
    assert.strictEqual(
      table(columns, [{ id: "a\nb", n: 1, name: "\u001b[2J" }], { width: undefined, heading: same }),
      ["ID    N  NAME", "a\\nb  1  \\x1b[2J"].join("\n")
    )
  })
})

describe("what the arguments say about printing", () => {
  it("is found before they are read, but not behind --", () => {
    assert.isTrue(asksForJson(["list", "--json"]))
    assert.isTrue(asksForJson(["list", "--format", "ndjson", "--wrong"]))
    assert.isTrue(asksForJson(["list", "--format=json"]))
    assert.isFalse(asksForJson(["list", "--format", "table"]))
    assert.isFalse(asksForJson(["next", "--", "--json"]))
    assert.isTrue(forbidsColor(["--no-color", "list"]))
    assert.isFalse(forbidsColor(["next", "--", "--no-color"]))
  })
})
