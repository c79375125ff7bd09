/** `nagatha subscriptions`: the names under which events are read, and how far each has come. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { formatOf, json, reading } from "../asking/Flags.ts"
import { note, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { instantText } from "../showing/TaskRows.ts"
import { relativeTime } from "../showing/Times.ts"

const list = Command.make(
  "list",
  reading,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const subscriptions = yield* withScheduler((scheduler) => scheduler.subscriptions)
    if (format === "json") return yield* outJson(subscriptions)
    if (format === "ndjson") return yield* outLines(subscriptions)
    if (subscriptions.length === 0) {
      return yield* note("there are no subscriptions; make one: nagatha events --durable NAME")
    }
    const { zone } = yield* Presentation
    const today = yield* now
    yield* outTable(
      [
        { header: "NAME", value: ({ name }) => name },
        { header: "EVENTS", value: ({ patterns }) => patterns.join(" "), flexible: true },
        { header: "TASK", value: ({ taskId }) => taskId ?? "-" },
        { header: "LAST READ", value: ({ cursor }) => cursor.replace(/\.\d+$/, "") },
        {
          header: "MOVED",
          value: ({ movedAt }) => instantText(movedAt, zone, today),
          short: { header: "MOVED", value: ({ movedAt }) => relativeTime(movedAt, today) }
        }
      ],
      subscriptions
    )
  })
).pipe(
  Command.withDescription("List the named subscriptions"),
  Command.withExamples([{ command: "nagatha subscriptions list --json" }])
)

const remove = Command.make(
  "remove",
  { name: Argument.String("NAME").pipe(Argument.withDescription("Name of the subscription")), json },
  Effect.fnUntraced(function* (input) {
    const removed = yield* withScheduler((scheduler) => scheduler.unsubscribe({ name: input.name }))
    if (input.json) return yield* outJson(removed)
    yield* out(`removed subscription ${removed.name}; whoever reads under its name begins anew`)
  })
).pipe(
  Command.withDescription("Forget a named subscription"),
  Command.withExamples([{ command: "nagatha subscriptions remove pager" }])
)

export const subscriptions = Command.make("subscriptions").pipe(
  Command.withSubcommands([list, remove]),
  Command.withExamples([
    { command: "nagatha events failure --durable pager", description: "Makes one, and reads" },
    { command: "nagatha subscriptions list" }
  ])
)
