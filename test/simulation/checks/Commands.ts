/** What clients were told, against the log and against what they read afterwards. */
import type { Answered } from "../../../src/service/Answered.ts"
import { sequenceIn, type History } from "../History.ts"
import type { Violation } from "./Violation.ts"

/** Whether a queue is said to be paused. */
const isPaused = (answer: Answered): boolean =>
  "answer" in answer && (answer.answer as { readonly paused?: boolean }).paused === true

/** A change that was meant for one revision makes the next one, or nothing. */
const atRevision = (
  { ledger }: History,
  commandId: string,
  about: string,
  ifRevision: number
): ReadonlyArray<Violation> =>
  (ledger.tasks.get(about)?.events ?? []).flatMap(({ event }): ReadonlyArray<Violation> => {
    if (event.causedBy.commandId !== commandId || event.type !== "updated") return []
    if (event.revision === ifRevision + 1) return []
    const what = `command ${commandId} was meant for revision ${ifRevision} of ${about}, and made revision ${event.revision}`
    return [{ invariant: "guardedEdit", what }]
  })

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
  for (const { queues = [], sequence } of history.ledger.commits) {
    for (const { causedBy } of queues) {
      stored.set(causedBy.commandId, (stored.get(causedBy.commandId) ?? new Set()).add(sequence))
    }
  }
  const wrong = (commandId: string, what: string) =>
    violations.push({ invariant: "ackedOnce", what: `command ${commandId} ${what}` })
  for (const { about, answers, commandId, ifRevision, outcome, served, verb } of history.asked) {
    const places = stored.get(commandId) ?? new Set()
    if (places.size > 1)
      wrong(commandId, `(${verb} ${about}) is in the log ${places.size} times: ${[...places].join(", ")}`)
    // One that arrives again later, when things have changed, is decided anew.
    if (outcome === "refused" && places.size > 0 && served === 1) {
      const [answer] = answers
      const code = answer !== undefined && "error" in answer ? answer.error.code : ""
      wrong(commandId, `(${verb} ${about}) was refused as ${code}, but is in the log at ${[...places].join(", ")}`)
    }
    if (ifRevision !== undefined) violations.push(...atRevision(history, commandId, about, ifRevision))
    const [first, ...later] = answers
    if (outcome !== "ok" || first === undefined) continue
    const sequence = sequenceIn(first)
    // What goes on already is not told to, and that is not remembered; each time it is asked anew.
    const wentOn = verb === "resumeQueue" && !isPaused(first) && (sequence === null || !places.has(sequence))
    if (wentOn && answers.every((one) => !isPaused(one))) continue
    if (sequence === null || !places.has(sequence)) {
      wrong(commandId, `(${verb} ${about}) was said to be at log sequence ${sequence}, where it is not`)
    }
    for (const again of later) {
      if (sequenceIn(again) !== sequence)
        wrong(commandId, `got another answer when it was sent again: ${JSON.stringify(again)}`)
    }
  }
  for (const { about, commandId, found, seen, sequence } of history.reads) {
    if (seen >= sequence && found) continue
    const what = `after ${commandId} (log sequence ${sequence}) a reader saw ${about} as of ${seen}${found ? "" : ", or not at all"}`
    violations.push({ invariant: "readYourWrites", what })
  }
  return violations
}
