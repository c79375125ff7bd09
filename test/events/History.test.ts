/** What is wrong with the log of a partition is found while it is read, and what was accepted is wrong no more. */
import { assert, describe, it } from "@effect/vitest"
import type { Acceptance, Damage } from "../../src/events/Acceptance.ts"
import * as Commit from "../../src/events/Commit.ts"
import { foundIn } from "../../src/events/EventLog.ts"
import { History } from "../../src/events/History.ts"
import type { Seen } from "../../src/events/LogWitness.ts"
import { hashOf } from "../../src/events/EventLog.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { scheduled } from "../support/events.ts"

const START = Date.parse("2026-03-02T09:00:00.000Z")
const at = (second: number) => fromMillis(START + second * 1000)

/** The texts of a log of one partition, each commit on the one before; its log sequences are 1, 2, 3… */
const chained = (length: number, accepted?: { readonly at: number; readonly word: Acceptance }): Array<string> => {
  const texts: Array<string> = []
  for (let sequence = 1; sequence <= length; sequence++) add(texts, sequence, accepted)
  return texts
}
const add = (
  texts: Array<string>,
  sequence: number,
  accepted?: { readonly at: number; readonly word: Acceptance }
): void => {
  const before = texts.at(-1)
  const head = {
    commitId: `c${sequence}`,
    partition: 3,
    time: at(sequence),
    previousSequence: sequence - 1,
    previousHash: before === undefined ? "" : hashOf(before)
  }
  const events = scheduled(`task-${sequence}`).map((event) => JSON.stringify(event))
  texts.push(
    accepted?.at === sequence ? Commit.encode({ ...head, accepted: accepted.word }, []) : Commit.encode(head, events)
  )
}

const read = (texts: ReadonlyArray<string | null>, seen?: Seen, announced = 0): History => {
  const history = new History(3, seen, announced)
  for (const [index, text] of texts.entries()) {
    if (text !== null) history.take(foundIn({ sequence: index + 1, text, storedAt: START }))
  }
  return history
}
const kinds = (history: History) => history.troubles().map(({ kind, logSequence }) => [kind, logSequence])
const damage = (history: History): ReadonlyArray<Damage> => history.troubles().flatMap((one) => one.damage ?? [])
const word = (history: History): Acceptance => ({ actor: "ann", reason: "known", damage: damage(history) })

const edited = (text: string | undefined): string => (text ?? "").replace('"taskName":"', '"taskName":"not ')
const seenAt = (texts: ReadonlyArray<string>, sequence: number): Seen => ({
  sequence,
  hash: hashOf(texts[sequence - 1] ?? ""),
  at: at(sequence)
})

describe("the history of a partition", () => {
  it("is sound where each commit follows the one before", () => {
    const texts = chained(5)
    assert.deepStrictEqual(kinds(read(texts, seenAt(texts, 5), 5)), [])
    assert.deepStrictEqual(kinds(read(texts, seenAt(texts, 2), 2)), [])
  })

  const hands: ReadonlyArray<readonly [string, (texts: Array<string>) => ReadonlyArray<string | null>, unknown]> = [
    ["edited", (texts) => texts.with(2, edited(texts[2])), [["edited", 3]]],
    ["removed", (texts) => [...texts.slice(0, 2), null, ...texts.slice(3)], [["gap", 4]]],
    [
      "written twice",
      (texts) => [...texts.slice(0, 3), texts[2] ?? "", ...texts.slice(3)],
      [
        ["gap", 4],
        ["gap", 5],
        ["gap", 6]
      ]
    ],
    [
      "overwritten with nonsense",
      (texts) => texts.with(2, "{oops"),
      [
        ["unreadable", 3],
        ["edited", 3]
      ]
    ]
  ]
  for (const [what, change, expected] of hands) {
    it(`is in trouble where a commit was ${what}, until that is accepted, and only that`, () => {
      const changed = [...change(chained(5))]
      const history = read(changed)
      assert.deepStrictEqual(kinds(history), expected)
      for (const { remedy } of history.troubles()) assert.match(remedy, /admin accept-log 3/)

      const head = {
        commitId: "accept",
        partition: 3,
        time: at(100),
        previousSequence: history.end.sequence,
        previousHash: history.end.hash,
        accepted: word(history)
      }
      const accepted = [...changed, Commit.encode(head, [])]
      assert.deepStrictEqual(kinds(read(accepted)), [])
      // A further edit is not what was accepted.
      const again = accepted.with(0, edited(accepted[0] ?? ""))
      assert.isAbove(kinds(read(again)).length, 0)
    })
  }

  it("is in trouble where its end was cut off, or all of it replaced, as far as that was noted outside", () => {
    const texts = chained(5)
    const seen = seenAt(texts, 5)
    assert.deepStrictEqual(kinds(read(texts.slice(0, 3))), [])
    assert.deepStrictEqual(kinds(read(texts.slice(0, 3), seen)), [["shortened", 5]])
    assert.deepStrictEqual(kinds(read([], seen)), [["shortened", 5]])
    assert.deepStrictEqual(kinds(read(texts.slice(0, 3), undefined, 4)), [["shortened", 4]])
    const other = chained(4)
    add(other, 5, { at: 5, word: { actor: "x", reason: "y", damage: [] } })
    add(other, 6)
    assert.deepStrictEqual(kinds(read(other, { ...seen, at: at(60) })), [["replaced", 5]])
  })

  it("covers by an acceptance what was seen before it, and nothing that was seen after", () => {
    const texts = chained(5)
    const short = texts.slice(0, 3)
    const history = read(short, seenAt(texts, 5), 5)
    const accepted = [...short]
    add(accepted, 4, { at: 4, word: word(history) })
    assert.deepStrictEqual(kinds(read(accepted, { ...seenAt(texts, 5), at: at(3) }, 5)), [])
    assert.deepStrictEqual(kinds(read(accepted, { ...seenAt(texts, 5), at: at(9) }, 5)), [["shortened", 5]])
  })

  it("cannot be accepted where a newer version wrote it; what was changed by hand was not written by one", () => {
    const newer = (text: string) => text.replace('"version":1', '"version":9')
    const texts = chained(2)
    const last = texts.with(1, newer(texts[1] ?? ""))
    add(last, 3)
    const history = read(last)
    assert.deepStrictEqual(kinds(history), [["newer", 2]])
    assert.deepStrictEqual(damage(history), [])
    assert.match(history.troubles()[0]?.remedy ?? "", /upgrade/)
    const whole = chained(3)
    assert.deepStrictEqual(kinds(read(whole.with(1, newer(whole[1] ?? "")))), [["edited", 2]])
  })
})
