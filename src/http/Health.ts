/**
 * `/health/live`: the process answers. `/health/ready`: it does what it is there for, or why not. Neither needs a token, and
 * neither says more than that; whoever asks often gets an answer that is at most a second old.
 */
import { Effect } from "effect"
import type { FrontDoor, ServiceStatus } from "../service/FrontDoor.ts"

export interface Check {
  readonly name: "log" | "partitions" | "readModels"
  readonly ok: boolean
  readonly found: string
}

/** Commits that read models may be behind and still be called up to date: under load they always are by some. */
const MOST_BEHIND = 1000

/** What a status says about being ready. Pure. */
export const checksOf = ({ partitions, projection }: ServiceStatus, expected: number): ReadonlyArray<Check> => {
  const owned = new Set(partitions.filter(({ partition }) => partition < expected).map(({ partition }) => partition))
    .size
  // The others are served: who is halted is told, and no reason to send nobody here.
  const halted = partitions.filter(({ troubles }) => troubles !== undefined).length
  const found = `${owned} of ${expected} are owned${halted === 0 ? "" : `, ${halted} halted`}`
  return [
    { name: "log", ok: true, found: `at ${projection.logSequence + projection.lag}` },
    { name: "partitions", ok: owned >= expected, found },
    { name: "readModels", ok: projection.lag <= MOST_BEHIND, found: `${projection.lag} commits behind the log` }
  ]
}

const unreachable = (reason: string): ReadonlyArray<Check> => [{ name: "log", ok: false, found: reason }]

/** Looks, at most once a second. */
export const make = (door: FrontDoor, expected: number) =>
  Effect.cachedWithTTL(
    door.status.pipe(
      Effect.map((status) => checksOf(status, expected)),
      Effect.timeoutOrElse({
        duration: "3 seconds",
        orElse: () => Effect.succeed(unreachable("no answer within 3 seconds"))
      }),
      Effect.catch(() => Effect.succeed(unreachable("the service cannot be reached")))
    ),
    "1 second"
  )
