/** The process that `bin/nagatha` starts: what commands may need is composed here, and loaded when a command needs it. */
import { Effect } from "effect"
import { Unreachable } from "../Scheduler.ts"
import { launch } from "./Process.ts"

launch(process.argv.slice(2), {
  scheduler: Effect.fail(new Unreachable({ message: "no scheduler service is known to this command line" })),
  deployment: Effect.die("no deployment is known to this command line")
})
