import { assert, describe, it } from "@effect/vitest"
import { Output } from "../../src/work/Output.ts"

const outputOf = (limit: number, ...chunks: ReadonlyArray<string | Buffer>) => {
  const output = new Output(limit)
  for (const chunk of chunks) output.push(Buffer.from(chunk))
  return output.kept()
}

describe("kept output", () => {
  it("is all of it up to the limit, however it arrives", () => {
    assert.deepStrictEqual(outputOf(6, "abcdef"), { text: "abcdef", truncated: false })
    assert.deepStrictEqual(outputOf(6, "a", "bc", "def"), { text: "abcdef", truncated: false })
    assert.deepStrictEqual(outputOf(6), { text: "", truncated: false })
  })

  it("is the first and the last half beyond it, and counts what lies between", () => {
    for (const chunks of [["abcdefghij"], [..."abcdefghij"], ["abcd", "efghij"]]) {
      assert.deepStrictEqual(outputOf(6, ...chunks), { text: "abc\n[… 4 bytes left out …]\nhij", truncated: true })
    }
  })

  it("is right for every way to divide a text, at every limit", () => {
    const text = Array.from({ length: 60 }, (_, n) => String.fromCharCode(48 + n)).join("")
    for (let limit = 2; limit < 80; limit++) {
      for (let size = 1; size <= 60; size += 7) {
        const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
        const { text: kept, truncated } = outputOf(limit, ...chunks)
        const half = Math.ceil(limit / 2)
        const expected =
          text.length <= limit
            ? text
            : `${text.slice(0, half)}\n[… ${60 - limit} bytes left out …]\n${text.slice(60 - (limit - half))}`
        assert.deepStrictEqual({ kept, truncated }, { kept: expected, truncated: text.length > limit })
      }
    }
  })

  it("is never cut inside a character", () => {
    for (const character of ["ä", "€", "😀"]) {
      for (let limit = 20; limit < 32; limit++) {
        const { text } = outputOf(limit, character.repeat(100))
        assert.notInclude(text, "\uFFFD")
        assert.match(text, new RegExp(`^(${character})+\n\\[… \\d+ bytes left out …\\]\n(${character})+$`, "u"))
      }
    }
  })

  it("shows bytes that are not UTF-8 as replacements, and a cut character at the very end as one", () => {
    assert.strictEqual(outputOf(10, Buffer.from([0x61, 0xff, 0x62])).text, "a\uFFFDb")
    assert.strictEqual(outputOf(10, Buffer.from([0x61, 0xe2, 0x82])).text, "a\uFFFD")
  })

  it("is cut further where its JSON would be far larger than the text", () => {
    const { text, truncated } = outputOf(10_000, Buffer.alloc(10_000))
    assert.isTrue(truncated)
    assert.isAtMost(JSON.stringify(text).length, 15_000)
  })
})
