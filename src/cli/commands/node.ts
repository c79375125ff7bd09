/** `nagatha node start`: one node of a larger deployment, until Ctrl-C. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { withDeployment } from "../Backend.ts"
import { dataDirectoryHere } from "../../access/DataDirectory.ts"
import { NODE_ROLES, type NodeRole } from "../machine/Deployment.ts"
import { usage } from "../Failure.ts"
import { concurrency, dataDirectory, json, listed, plugin, queues, text } from "../asking/Flags.ts"
import { out, outJson } from "../showing/Output.ts"
import { asNode, untilStopped, warnOfBroken } from "../machine/RunningNode.ts"

const isRole = (word: string): word is NodeRole => NODE_ROLES.some((role) => role === word)

const flags = {
  roles: text("roles", "A,B", `What this node does: ${NODE_ROLES.join(", ")} (default: all of them)`),
  queues: queues("Queues that its worker serves (default: those of all task types)"),
  data: dataDirectory("Data directory of this machine"),
  concurrency,
  plugin,
  json
}

const start = Command.make(
  "start",
  flags,
  Effect.fnUntraced(function* (input) {
    const words: ReadonlyArray<string> = Option.match(input.roles, { onNone: () => NODE_ROLES, onSome: listed })
    const roles = words.filter((word) => isRole(word))
    const wrong = words.find((word) => !isRole(word))
    if (wrong !== undefined || roles.length === 0) {
      return yield* usage(
        wrong === undefined ? "--roles names no role" : `--roles: ${JSON.stringify(wrong)} is no role`,
        `roles are ${NODE_ROLES.join(", ")}`
      )
    }
    const run = withDeployment(
      Effect.fnUntraced(function* (deployment) {
        const info = yield* deployment.node({
          dataDir: dataDirectoryHere(Option.getOrUndefined(input.data)),
          roles,
          queues: Option.getOrUndefined(input.queues),
          concurrency: Option.getOrUndefined(input.concurrency),
          plugins: input.plugin
        })
        yield* input.json
          ? outJson(info)
          : out(`node ${info.nodeId} (${info.roles.join(", ")}) is ready on ${info.nats.url}, process ${info.pid}`)
        yield* warnOfBroken(info.plugins)
        yield* untilStopped
      })
    )
    yield* asNode(run)
  })
).pipe(
  Command.withDescription("Start one node with chosen roles, beside those that run already"),
  Command.withExamples([
    { command: "nagatha node start --roles worker", description: "One more worker for the nagatha up of this machine" },
    { command: "NATS_URL=nats://core:secret@10.0.0.1:4222 nagatha node start --roles worker --queues shell_command" }
  ])
)

export const node = Command.make("node").pipe(
  Command.withSubcommands([start]),
  Command.withExamples([{ command: "nagatha node start --roles worker" }])
)
