/** What clients were told, against the log and against what they read afterwards. */
import { sequenceIn, type History } from "../History.ts"
import type { Violation } from "./Violation.ts"

export const commands = (history: History): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  /** Commits that a command is in, by its id; what follows from it is decided with it. */
  const stored = new Map<string, Set<number>>()
  for (const { events, sequence } of history.ledger.commits) {
    for (const { causedBy } of events) {
      const id = causedBy.commandId.replace(/\.skipped$/, "")
      const known = stored.get(id) ?? new Set()
      stored.set(id, known.add(sequence))
    }
  }
  const wrong = (commandId: string, what: string) =>
    violations.push({ invariant: "ackedOnce", what: `command ${commandId} ${what}` })
  for (const { answers, commandId, outcome, served, taskId, verb } of history.asked) {
    const places = stored.get(commandId) ?? new Set()
    if (places.size > 1)
      wrong(commandId, `(${verb} ${taskId}) is in the log ${places.size} times: ${[...places].join(", ")}`)
    // One that arrives again later, when things have changed, is decided anew.
    if (outcome === "refused" && places.size > 0 && served === 1) {
      const [answer] = answers
      const code = answer !== undefined && "error" in answer ? answer.error.code : ""
      wrong(commandId, `(${verb} ${taskId}) was refused as ${code}, but is in the log at ${[...places].join(", ")}`)
    }
    const [first, ...later] = answers
    if (outcome !== "ok" || first === undefined) continue
    const sequence = sequenceIn(first)
    if (sequence === null || !places.has(sequence)) {
      wrong(commandId, `(${verb} ${taskId}) was said to be at log sequence ${sequence}, where it is not`)
    }
    for (const again of later) {
      if (sequenceIn(again) !== sequence)
        wrong(commandId, `got another answer when it was sent again: ${JSON.stringify(again)}`)
    }
  }
  for (const { commandId, found, seen, sequence, taskId } of history.reads) {
    if (seen >= sequence && found) continue
    const what = `after ${commandId} (log sequence ${sequence}) a reader saw ${taskId} as of ${seen}${found ? "" : ", or not at all"}`
    violations.push({ invariant: "readYourWrites", what })
  }
  return violations
}
