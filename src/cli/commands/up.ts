/** `nagatha up`: everything on this machine, until Ctrl-C, or as a process of its own with `--detach`. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { resolve } from "node:path"
import { withDeployment } from "../Backend.ts"
import { dataDirectoryHere } from "../../access/DataDirectory.ts"
import type { HttpAsked, UpInfo } from "../machine/Deployment.ts"
import {
  concurrency,
  count,
  dataDirectory,
  defined,
  json,
  plugin,
  present,
  queues,
  text,
  texts
} from "../asking/Flags.ts"
import { colors, labelled, note, out, outJson } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { asNode, loadedNames, untilStopped, warnOfBroken } from "../machine/RunningNode.ts"

const flags = {
  data: dataDirectory("Where everything is kept"),
  concurrency,
  queues: queues("Queues that its worker serves besides those of the task types"),
  plugin,
  detach: present("detach", "Go on as a process of its own; nagatha down stops it"),
  httpPort: count(
    "http-port",
    0,
    65_535,
    "Port of the HTTP API (default: NAGATHA_HTTP_PORT, else 5555; 0: any free one)"
  ).pipe(Flag.optional),
  httpHost: text("http-host", "ADDRESS", "Address that it listens on (default: NAGATHA_HTTP_HOST, else 127.0.0.1)"),
  httpName: texts("http-name", "NAME", "A further name by which it may be asked; may be repeated"),
  httpCert: text("http-cert", "FILE", "Certificate (PEM), with which it is served by https"),
  httpKey: text("http-key", "FILE", "Its private key (PEM)"),
  noHttp: present("no-http", "Serve no HTTP API"),
  json
}

/** What is said about the HTTP API; undefined: nothing. */
const httpAsked = (input: {
  readonly httpPort: Option.Option<number>
  readonly httpHost: Option.Option<string>
  readonly httpName: ReadonlyArray<string>
  readonly httpCert: Option.Option<string>
  readonly httpKey: Option.Option<string>
  readonly noHttp: boolean
}): HttpAsked | undefined => {
  const file = (path: Option.Option<string>) => Option.map(path, (at) => resolve(at))
  const asked = defined({
    port: input.httpPort,
    host: input.httpHost,
    cert: file(input.httpCert),
    key: file(input.httpKey)
  })
  const http = {
    ...asked,
    ...(input.httpName.length === 0 ? {} : { names: input.httpName }),
    ...(input.noHttp ? { off: true } : {})
  }
  return Object.keys(http).length === 0 ? undefined : http
}

const show = Effect.fnUntraced(function* (info: UpInfo) {
  const paint = yield* colors
  const { columns } = yield* Presentation
  const detached = info.logFile !== undefined
  // A link lets in whoever reads it: a log, into which this may be written, is no place for one.
  const login =
    detached || columns !== undefined ? info.http?.login : info.http && `${info.http.url}/login (takes the token)`
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
            "HTTP",
            info.http === undefined ? undefined : `${info.http.url} (docs at /docs; the token: ${info.http.token})`
          ],
          ["browser", login],
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
    const http = httpAsked(input)
    const options = {
      dataDir: dataDirectoryHere(Option.getOrUndefined(input.data)),
      concurrency: Option.getOrUndefined(input.concurrency),
      plugins: input.plugin,
      queues: Option.getOrElse(input.queues, () => []),
      ...(http === undefined ? {} : { http })
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
    { command: "nagatha up --http-port 8080", description: "With the HTTP API there" },
    { command: "nagatha up --queues mail,reports", description: "With queues of your own" },
    { command: "nagatha up --detach --data ./data", description: "In the background, with its data here" },
    { command: "NATS_URL=nats://127.0.0.1:4222 nagatha up", description: "On a NATS server that runs already" }
  ])
)
