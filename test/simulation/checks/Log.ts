/** The log itself, and what is made from it: announcements, read models, what a restart finds. */
import { Result } from "effect"
import type { RecordedCommit } from "../../../src/events/Commit.ts"
import { hashOf } from "../../../src/events/EventLog.ts"
import { MEMORY } from "../../../src/projections/ReadModelFile.ts"
import { ReadModelStore } from "../../../src/projections/ReadModelStore.ts"
import { thaw } from "../ports/SimEventLog.ts"
import { type History, rowsOf } from "../History.ts"
import type { Violation } from "./Violation.ts"

const links = ({ ledger, lines }: History): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const last = new Map<number, { readonly sequence: number; readonly hash: string }>()
  for (const [index, { partition, previousHash, previousSequence, sequence }] of ledger.commits.entries()) {
    const before = last.get(partition) ?? { sequence: 0, hash: "" }
    if (previousSequence !== before.sequence) {
      const what = `log sequence ${sequence} was decided on ${previousSequence}, but follows ${before.sequence}`
      violations.push({ invariant: "guarded", what })
    }
    if (previousHash !== before.hash) {
      violations.push({
        invariant: "chain",
        what: `log sequence ${sequence} does not name the hash of ${before.sequence}`
      })
    }
    last.set(partition, { sequence, hash: hashOf(lines[index]?.text ?? "") })
  }
  return violations
}

const announcements = ({ held, heard, ledger }: History): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const there = new Set(held.map(({ index, sequence }) => `${sequence}.${index}`))
  for (const { events, sequence } of ledger.commits) {
    for (const index of events.keys()) {
      if (there.has(`${sequence}.${index}`)) continue
      violations.push({ invariant: "announcedAll", what: `event ${sequence}.${index} is not among the announcements` })
    }
  }
  const newest = new Map<number, { readonly sequence: number; readonly index: number }>()
  const told = new Set<string>()
  for (const { index, partition, sequence } of heard) {
    const id = `${sequence}.${index}`
    if (told.has(id)) continue
    told.add(id)
    const before = newest.get(partition)
    if (
      before !== undefined &&
      (sequence < before.sequence || (sequence === before.sequence && index < before.index))
    ) {
      const what = `event ${id} was first announced after ${before.sequence}.${before.index}`
      violations.push({ invariant: "announcedAll", what })
    }
    newest.set(partition, { sequence, index })
  }
  return violations
}

const readModels = ({ lines, plan, rows }: History): ReadonlyArray<Violation> => {
  const commits: ReadonlyArray<RecordedCommit> = lines.map((line) => Result.getOrThrow(thaw(line)))
  const replayed = (size: number) => {
    const store = ReadModelStore.open(MEMORY)
    for (let at = 0; at < commits.length; at += size) store.apply(commits.slice(at, at + size))
    // What was seen before changes nothing.
    store.apply(commits.slice(-3))
    const all = rowsOf(store)
    store.close()
    return all
  }
  return [commits.length, 1 + (plan.seed % 7)].flatMap((size): ReadonlyArray<Violation> => {
    const anew = replayed(Math.max(1, size))
    const at = anew.findIndex((row, index) => row !== rows[index])
    if (at < 0 && anew.length === rows.length) return []
    const what = `replayed ${size} at a time: ${anew[at] ?? "nothing"} in place of ${rows[at] ?? "nothing"}`
    return [{ invariant: "replayEqualsLive", what }]
  })
}

export const log = (history: History): ReadonlyArray<Violation> => {
  const [before, after] = history.restarted
  return [
    ...links(history),
    ...announcements(history),
    ...readModels(history),
    ...(before === after
      ? []
      : [{ invariant: "fixedPoint" as const, what: `a restart with nothing to do appended ${after - before} commits` }])
  ]
}
