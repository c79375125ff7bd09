/** `nagatha demo`: every task type, run for real on a deployment that is gone afterwards; `--basic` needs no server. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { withDeployment } from "../Backend.ts"
import { present, timezone, zoneOf } from "../asking/Flags.ts"
import { note, out } from "../showing/Output.ts"

export const demo = Command.make(
  "demo",
  { basic: present("basic", "Only what needs no server: how words are read, and one command"), timezone },
  Effect.fnUntraced(function* (input) {
    const zone = yield* zoneOf(input.timezone)
    const { oneCommand, tasks, words } = yield* Effect.promise(() => import("../Demo.ts"))
    yield* words(zone)
    if (input.basic) yield* oneCommand()
    else {
      yield* note("\nstarting a server, a scheduler and a worker of its own, in a directory that is removed afterwards")
      yield* withDeployment((deployment) => Effect.flatMap(deployment.borrowed, tasks(zone)))
    }
    yield* out("\nThat was the demo. Your own: nagatha up --detach (in a checkout: bin/nagatha up --detach)")
  })
).pipe(
  Command.withExamples([
    { command: "nagatha demo" },
    { command: "nagatha demo --basic", description: "Without any server" }
  ])
)
