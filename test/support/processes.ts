/** Facts about processes of this machine, waited for. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { Effect, Schedule } from "effect"

/** Whether a process runs; one that has ended and is only not yet reaped does not. */
export const isAlive = (pid: number): boolean => {
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim()
    return state !== "" && !state.startsWith("Z")
  } catch {
    return false
  }
}

/** Waits until `fact` holds; the test's own time limit is the only one. */
export const until = (fact: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (fact() ? Effect.void : Effect.fail("not yet" as const))).pipe(
    Effect.retry(Schedule.spaced("10 millis")),
    Effect.orDie
  )

/** The numbers in a file, one a line, once there are `count` whole lines. */
export const pidsIn = (path: string, count: number): Effect.Effect<ReadonlyArray<number>> => {
  const lines = () => (existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [])
  return Effect.map(
    until(() => lines().length >= count),
    () => lines().map(Number)
  )
}
