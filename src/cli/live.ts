/** The composition root: what commands need, made when a command first needs it. */
import { Effect } from "effect"
import { homedir, userInfo } from "node:os"
import { Unreachable } from "../Scheduler.ts"
import { accessOf, connectTo, type LiveOptions } from "./Access.ts"
import type { Backend } from "./Backend.ts"
import { dataDirectory } from "./DataDirectory.ts"
import * as LiveDeployment from "./LiveDeployment.ts"

const unreachable = (error: { readonly message: string }): Unreachable =>
  error instanceof Unreachable ? error : new Unreachable({ message: error.message })

const actor = (): string => {
  try {
    return `cli:${userInfo().username}`
  } catch {
    return "cli"
  }
}

export const live = (options: LiveOptions): Backend["Service"] => {
  const dataDir = dataDirectory(options.env, homedir())
  return {
    scheduler: Effect.gen(function* () {
      const access = yield* accessOf(options, dataDir)
      if (access === undefined) {
        return yield* new Unreachable({
          message: `nagatha is not running: there is no up.json in ${dataDir}`,
          hint: 'start it with "nagatha up", or say where it is with NATS_URL or NAGATHA_DATA_DIR'
        })
      }
      return yield* connectTo(access, actor())
    }).pipe(Effect.mapError(unreachable)),
    deployment: Effect.succeed(LiveDeployment.make(options))
  }
}
