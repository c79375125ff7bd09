/** What operators have accepted of a log that is not whole: it stands in the log, and is told apart from what nobody has accepted. */
import type { Acceptance } from "../events/Acceptance.ts"
import type { Commit } from "../events/Commit.ts"
import type { Finding } from "./Finding.ts"

interface Given extends Acceptance {
  readonly sequence: number
  readonly time: string
}

export class Acceptances {
  readonly #given: Array<Given> = []

  take({ accepted, time }: Commit, sequence: number): void {
    if (accepted !== undefined) this.#given.push({ ...accepted, sequence, time })
  }

  /** When the newest was given; empty where there is none. */
  get newest(): string {
    return this.#given.at(-1)?.time ?? ""
  }

  /** Who has accepted a finding, where somebody has. Sequences that are missing belong to the gap of some partition. */
  of(finding: Finding): Acceptance | undefined {
    const { damage, kind, logSequence } = finding
    if (kind === "gap") {
      return this.#given.find(
        ({ damage: all, sequence }) =>
          sequence >= logSequence && all.some((one) => ["gap", "shortened", "replaced"].includes(one.kind))
      )
    }
    if (damage === undefined) return undefined
    return this.#given.find(({ damage: all }) =>
      all.some((one) => one.kind === damage.kind && one.logSequence === damage.logSequence && one.hash === damage.hash)
    )
  }
}
