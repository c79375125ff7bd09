/** The net that is laid under the tests has no holes of its own, and its page speaks of the source as it is. */
import { assert, describe, it } from "@effect/vitest"
import { transformSync } from "rolldown/utils"
import { catalogueOf, ROOMS } from "./Catalogue.ts"
import { explained, nameOf } from "./Explained.ts"
import { instrument } from "./Instrument.ts"
import { mutantsOf } from "./Mutators.ts"
import { parse } from "./Syntax.ts"

type Price = (count: number, codes: ReadonlyArray<string>, member?: { readonly since?: number }) => unknown

const SOURCE = `
const known = new Map<number, string>()
const FREE: ReadonlyArray<string> = ["gift", "staff"]
export const price = (count: number, codes: ReadonlyArray<string>, member?: { readonly since?: number }) => {
  if (count <= 0) throw new Error("nothing to pay for")
  const since = member?.since ?? 2020
  let cents = count * 100
  for (const code of codes) {
    if (code === "half" && since <= 2020) cents = cents / 2
    else cents += 1
    if (FREE.some((free) => free === code)) return { cents: 0, free: true }
  }
  switch (codes.length) {
    case 3:
      cents -= 7
      break
    default:
      cents += 5
  }
  const label = known.get(cents) ?? \`\${-cents} cents\`
  known.set(cents, label)
  return { cents, ...(codes.length > 1 ? { label } : {}), free: !true }
}
`

const CASES: ReadonlyArray<Parameters<Price>> = [
  [0, []],
  [1, []],
  [2, ["half"], { since: 2019 }],
  [2, ["half"], { since: 2021 }],
  [2, ["other"], { since: 2019 }],
  [2, ["half"]],
  [2, ["other"], {}],
  [3, ["gift", "other"]],
  [3, ["other", "staff"]],
  [3, ["a", "b"]],
  [3, ["a", "b", "c"]],
  [3, ["a", "b", "c", "d"]]
]

/** The changed source, as a function of the mutant that is alive: all answers, as text. */
const answers = (() => {
  const mutants = mutantsOf(SOURCE)
  const { code } = transformSync("source.ts", instrument(SOURCE, mutants, 0, "switch"))
  const body = code
    .replace(/^import .*$/m, "")
    .replace("export const", "const")
    .replace(/^export .*$/m, "")
  return (alive: number): string => {
    let turns = 0
    const make = new Function("$m", "$r", "$t", `${body}; return price`)
    const turn = () => {
      if (++turns > 1000) throw new Error("endless")
    }
    const price = make(
      (id: number) => id === alive,
      (memory: unknown) => memory,
      turn
    ) as Price
    const one = (args: Parameters<Price>): unknown => {
      try {
        return price(...args)
      } catch (error) {
        return String(error)
      }
    }
    return JSON.stringify(CASES.map(one))
  }
})()

describe("a source with all of its mutants", () => {
  it("answers as before while none is alive, and otherwise with each of them", () => {
    const right = answers(-1)
    assert.include(right, '{"cents":105,"free":false}')
    const survivors = mutantsOf(SOURCE).filter((_, id) => answers(id) === right)
    assert.deepStrictEqual(
      survivors.map(({ from, mutator, to }) => `${mutator} ${from} → ${to}`),
      // What it remembers is what it would find anyway.
      [
        "fallback known.get(cents) ?? '${-cents} cents' → '${-cents} cents'",
        "statement known.set(cents, label) → nothing"
      ]
    )
  })

  it("has mutants of every kind, and always the same", () => {
    const mutants = mutantsOf(SOURCE)
    assert.deepStrictEqual(mutants, mutantsOf(SOURCE))
    const kinds = [...new Set([...mutants, ...mutantsOf("const it = /^a/i")].map(({ mutator }) => mutator))]
    assert.sameMembers(kinds, [
      "boundary",
      "call",
      "chain",
      "condition",
      "fallback",
      "literal",
      "member",
      "operator",
      "pattern",
      "statement",
      "words"
    ])
  })
})

describe("the sources of the rules", () => {
  const catalogue = ROOMS.flatMap(catalogueOf)

  it("can be changed, all of them", () => {
    for (const { mutants, text } of catalogue) parse(instrument(text, mutants, 0, "switch"))
    assert.isAbove(catalogue.flatMap(({ mutants }) => mutants).length, 5000)
  })

  it("still have the places that the page explains", () => {
    const there = new Set(catalogue.flatMap(({ mutants }) => mutants.map(nameOf)))
    assert.deepStrictEqual(
      explained()
        .map(nameOf)
        .filter((name) => !there.has(name)),
      [],
      "explained in docs/mutation.md, and not in the source any more"
    )
    assert.isNotEmpty(explained())
  })
})
