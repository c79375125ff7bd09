/** `nagatha plugins`: the plugins of this machine; loads their files and needs no running service. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { Backend } from "../Backend.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { json, plugin } from "../asking/Flags.ts"
import { note, out, outJson, outTable } from "../showing/Output.ts"
import { counted, visible } from "../showing/Text.ts"

const list = Command.make(
  "list",
  { plugin, json },
  Effect.fnUntraced(function* (input) {
    const found = yield* Backend.use(({ plugins: find }) => find(input.plugin))
    const { leftOut, loaded } = found
    const broken = [
      ...found.broken,
      ...loaded.flatMap(({ file, plugin: { name } }) => {
        const reason = leftOut.get(name)
        return reason === undefined ? [] : [{ file, name, reason }]
      })
    ]
    const good = loaded.filter(({ plugin: { name } }) => !leftOut.has(name))
    const rows = good.map(({ file, plugin: { commands, description, name, taskTypes, version } }) => ({
      name,
      version,
      description,
      file,
      commands: Object.entries(commands).map(([command, known]) => ({ name: command, description: known.description })),
      taskTypes: taskTypes.map((type) => ({ name: type.name, description: type.description, queue: type.queue }))
    }))
    if (input.json) yield* outJson({ loaded: rows, broken })
    else if (rows.length > 0) {
      yield* outTable(
        [
          { header: "NAME", value: ({ name }) => name },
          { header: "VERSION", value: ({ version }) => version },
          { header: "COMMANDS", value: ({ commands }) => commands.map(({ name }) => name).join(" "), flexible: true },
          {
            header: "TASK TYPES",
            value: ({ taskTypes }) => taskTypes.map(({ name }) => name).join(" "),
            flexible: true
          },
          { header: "FILE", value: ({ file }) => file, optional: true }
        ],
        rows
      )
    }
    if (rows.length + broken.length === 0) {
      yield* note("there are no plugins; see docs/plugins.md, and give one with --plugin FILE")
    }
    if (broken.length === 0) return
    if (!input.json) for (const { file, reason } of broken) yield* out(visible(`broken  ${file}: ${reason}`))
    return yield* new CliFailure({
      code: "brokenPlugins",
      message: `${counted(broken.length, "plugin")} cannot be used`,
      exitCode: ExitCode.failed
    })
  })
).pipe(
  Command.withDescription(
    "List the plugins that nagatha up of this machine has, or would have, and those that are broken"
  ),
  Command.withExamples([
    { command: "nagatha plugins list" },
    { command: "nagatha plugins list --plugin ./my-plugin.ts", description: "Try a file before a worker has it" }
  ])
)

export const plugins = Command.make("plugins").pipe(
  Command.withSubcommands([list]),
  Command.withExamples([{ command: "nagatha plugins list" }])
)
