/**
 * Whether the log is the one that was here before, and whole: its newest commits follow one another, and it still holds the
 * commit that was its newest when that was last looked at. A chain alone cannot show that its end was cut off, or that all
 * of it was replaced; a note kept outside of it can.
 */
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Acceptances } from "../../audit/Acceptances.ts"
import { Chain } from "../../audit/Chain.ts"
import type { Finding } from "../../audit/Finding.ts"
import * as Commit from "../../events/Commit.ts"
import { hashOf } from "../../events/EventLog.ts"
import { UPGRADE } from "../../events/History.ts"
import { isRecord } from "../../events/Understood.ts"
import type { Scheduler } from "../../Scheduler.ts"
import { eachStored, type StoredCommit } from "../asking/StoredCommits.ts"
import { counted } from "../showing/Text.ts"
import type { Check } from "./Deployment.ts"

/** Commits, the newest, whose chain is looked at; `audit verify` looks at all. */
const LOOKED_AT = 20_000
const FILE = "log-witness.json"
const REMEDY = "stop the nodes, and restore the streams from a copy; nagatha audit verify tells all that is broken"

interface Witness {
  readonly sequence: number
  readonly hash: string
  /** When it was the newest. */
  readonly at: string
}

/** A note for each deployment that this machine has looked at, by its address. */
const read = (file: string): Readonly<Record<string, Witness>> => {
  try {
    const all: unknown = JSON.parse(readFileSync(file, "utf8"))
    return isRecord(all) ? (all as Readonly<Record<string, Witness>>) : {}
  } catch {
    return {}
  }
}

const problem = (found: string, remedy: string): Check => ({ name: "log", state: "problem", found, remedy })

/** What has become of the commit that was the newest once. */
const against = (witness: Witness, there: StoredCommit | undefined, last: number, file: string): Check | undefined => {
  const { at, hash, sequence } = witness
  const remedy = `${REMEDY}. Where the log was replaced on purpose, remove ${file}`
  if (last < sequence) {
    return problem(
      `it ends at log sequence ${last}, and reached ${sequence} on ${at}: it was shortened, or replaced by another`,
      remedy
    )
  }
  if (there?.sequence === sequence && hashOf(there.text) === hash) return undefined
  return problem(
    `the commit at log sequence ${sequence} is not the one that was there on ${at}: the log was edited, or replaced by another`,
    remedy
  )
}

/** Looks at the log, and notes how far it was found whole. `deployment` tells one log from another. */
export const logCheck = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  dataDir: string,
  deployment: string,
  now: number
) {
  const file = join(dataDir, FILE)
  const witnesses = read(file)
  const witness = witnesses[deployment]
  const { logSequence } = yield* scheduler.storedLog({ limit: 1 })
  const after = Math.max(0, logSequence - LOOKED_AT)
  const chain = new Chain(after)
  const acceptances = new Acceptances()
  const found: Array<Finding> = []
  let newest: Witness | undefined
  yield* eachStored(scheduler, { after, through: logSequence }, (commits) =>
    Effect.sync(() => {
      for (const { sequence, text } of commits) {
        const hash = hashOf(text)
        const reading = Commit.read(sequence, text)
        found.push(...chain.step(sequence))
        if (reading._tag !== "whole") {
          const damage = { kind: "unreadable", logSequence: sequence, hash } as const
          const kind = reading._tag === "newer" ? "newer" : "unreadable"
          const more = reading._tag === "newer" ? {} : { damage }
          found.push({ kind, logSequence: sequence, partition: -1, message: reading.error.message, ...more })
        }
        const commit = reading._tag === "whole" ? reading.commit : reading._tag === "newer" ? reading.known : undefined
        if (commit === undefined) chain.pass(sequence, hash)
        else {
          found.push(...chain.follow({ sequence, hash, commit }))
          acceptances.take(commit, sequence)
        }
        newest = { sequence, hash, at: new Date(now).toISOString() }
      }
    })
  )
  // Whatever was seen before an operator accepted the log as it stands says nothing against it.
  if (witness !== undefined && acceptances.newest < witness.at) {
    const { items } = yield* scheduler.storedLog({ after: witness.sequence - 1, limit: 1 })
    // A commit larger than a page comes in pieces: it is read whole below.
    let [there]: ReadonlyArray<StoredCommit | undefined> = items
    yield* eachStored(scheduler, { after: witness.sequence - 1, through: witness.sequence }, ([whole]) =>
      Effect.sync(() => void (there = whole ?? there))
    )
    const wrong = against(witness, there, logSequence, file)
    if (wrong !== undefined) return wrong
  }
  const [first] = found.filter((finding) => acceptances.of(finding) === undefined)
  if (first !== undefined) return problem(first.message, first.kind === "newer" ? UPGRADE : REMEDY)
  if (newest !== undefined) {
    try {
      writeFileSync(file, `${JSON.stringify({ ...witnesses, [deployment]: newest }, null, 2)}\n`, { mode: 0o600 })
    } catch {
      // Without a data directory of its own this machine keeps no note.
    }
  }
  const whole = after === 0 ? "" : `, its newest ${LOOKED_AT.toLocaleString("en")} looked at`
  const accepted = found.length === 0 ? "" : `, but for ${counted(found.length, "finding")} that somebody has accepted`
  return {
    name: "log",
    state: "ok",
    found: `${logSequence.toLocaleString("en")} commits, whole${accepted}${whole}`
  } satisfies Check
})
