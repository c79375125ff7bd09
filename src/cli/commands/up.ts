/** `nagatha up`: everything on this machine, until Ctrl-C, or as a process of its own with `--detach`. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { withDeployment } from "../Backend.ts"
import { dataDirectoryHere } from "../../access/DataDirectory.ts"
import type { UpInfo } from "../machine/Deployment.ts"
import { concurrency, dataDirectory, json, plugin, present, queues } from "../asking/Flags.ts"
import { colors, labelled, note, out, outJson } from "../showing/Output.ts"
import { asNode, loadedNames, untilStopped, warnOfBroken } from "../machine/RunningNode.ts"

const flags = {
  data: dataDirectory("Where everything is kept"),
  concurrency,
  queues: queues("Queues that its worker serves besides those of the task types"),
  plugin,
  detach: present("detach", "Go on as a process of its own; nagatha down stops it"),
  json
}

const show = Effect.fnUntraced(function* (info: UpInfo) {
  const paint = yield* colors
  const origin = info.nats.managed ? "started by nagatha" : "the one given"
  yield* out(
    [
      paint.bold("nagatha is up"),
      labelled(
        [
          ["NATS", `${info.nats.url} (${info.nats.version}, ${origin})`],
          ["data", info.dataDir],
          ["log", info.logFile],
          [
            "process",
            `${info.pid}, ${info.partitions} partitions, up to ${info.concurrency} executions at the same time`
          ],
          ["plugins", loadedNames(info.plugins)]
        ],
        paint
      )
    ].join("\n")
  )
  yield* warnOfBroken(info.plugins)
  const detached = info.logFile !== undefined
  const where = [
    ...(detached ? [] : [", in another terminal"]),
    ...(dataDirectoryHere() === info.dataDir ? [] : [`, with NAGATHA_DATA_DIR=${info.dataDir} in the environment`])
  ]
  yield* note(
    [
      `try${where.join("")}:`,
      '  nagatha schedule notification "in 10 seconds" --message "It works"',
      "  nagatha list",
      "  nagatha events",
      detached ? "nagatha down stops it" : "Ctrl-C stops it"
    ].join("\n")
  )
})

export const up = Command.make(
  "up",
  flags,
  Effect.fnUntraced(function* (input) {
    const options = {
      dataDir: dataDirectoryHere(Option.getOrUndefined(input.data)),
      concurrency: Option.getOrUndefined(input.concurrency),
      plugins: input.plugin,
      queues: Option.getOrElse(input.queues, () => [])
    }
    const run = withDeployment(
      Effect.fnUntraced(function* (deployment) {
        const info = yield* input.detach ? deployment.upDetached(options) : deployment.up(options)
        yield* input.json ? outJson(info) : show(info)
        if (input.detach) return
        yield* untilStopped
      })
    )
    yield* asNode(run)
  })
).pipe(
  Command.withExamples([
    { command: "nagatha up" },
    { command: "nagatha up --plugin ./my-plugin.ts", description: "With a plugin" },
    { command: "nagatha up --queues mail,reports", description: "With queues of your own" },
    { command: "nagatha up --detach --data ./data", description: "In the background, with its data here" },
    { command: "NATS_URL=nats://127.0.0.1:4222 nagatha up", description: "On a NATS server that runs already" }
  ])
)
