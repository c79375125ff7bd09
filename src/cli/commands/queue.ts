/** `nagatha queue`: what queues allow over all workers, what waits in them and why, and pausing them. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { MAX_CONCURRENCY } from "../../events/QueueEvent.ts"
import type { QueueAnswer, QueueView } from "../../Scheduler.ts"
import { defined, formatOf, json, orNone, reading, text } from "../asking/Flags.ts"
import { parseRate, RATES } from "../asking/Rates.ts"
import { withScheduler } from "../Backend.ts"
import { usage } from "../Failure.ts"
import { colors, labelled, note, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { heldCounts, limitsText, pauseText } from "../showing/QueueRows.ts"
import type { Column } from "../showing/Table.ts"
import { instantText } from "../showing/TaskRows.ts"

const name = Argument.String("NAME").pipe(
  Argument.withDescription("Name of the queue; that of a task is its type's unless it names another (--queue)")
)
const origin = {
  reason: text("reason", "TEXT", "Why; kept with the event"),
  commandId: text("command-id", "ID", "Id of this command: sent again, it is carried out at most once"),
  json
}

const COUNT = `a whole number from 1 to ${MAX_CONCURRENCY}`
const asCount = (given: string): number | undefined => {
  const read = /^\d{1,7}$/.test(given) ? Number(given) : 0
  return read >= 1 && read <= MAX_CONCURRENCY ? read : undefined
}
const count = (flag: string, description: string) => orNone(flag, "N", description, asCount, COUNT)
const rate = (flag: string, description: string) => orNone(flag, "RATE", description, parseRate, RATES)

const limited = ({ limits, queue }: QueueAnswer): string => {
  const said = limitsText(limits)
  return said === "none" ? `queue ${queue} has no limits now` : `queue ${queue} is limited to ${said}`
}

const set = Command.make(
  "set",
  {
    name,
    concurrency: count("concurrency", "Executions that run at the same time, over all workers"),
    rate: rate("rate", "Executions that begin within a time, such as 100/1m"),
    keyConcurrency: count("key-concurrency", "The same for the executions of each key (--key of a task)"),
    keyRate: rate("key-rate", "The same for the executions of each key"),
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const { concurrency, keyConcurrency, keyRate, rate } = input
    const limits = defined({ concurrency, rate, keyConcurrency, keyRate })
    if (Object.keys(limits).length === 0) {
      return yield* usage("nothing is to be changed", "name a limit, such as --concurrency 2 or --rate 100/1m, or none")
    }
    const answer = yield* withScheduler((scheduler) =>
      scheduler.setQueue({
        queue: input.name,
        ...limits,
        ...defined({ reason: input.reason, commandId: input.commandId })
      })
    )
    if (input.json) return yield* outJson(answer)
    yield* out(limited(answer))
  })
).pipe(
  Command.withDescription(
    "Set limits of a queue, over all workers; those that are not named stay. Takes effect at once"
  ),
  Command.withExamples([
    { command: "nagatha queue set mail --concurrency 2 --rate 100/1m" },
    {
      command: "nagatha queue set mail --key-concurrency 1 --key-rate 10/1s",
      description: "For each key (--key of a task)"
    },
    { command: "nagatha queue set mail --rate none", description: "No longer" }
  ])
)

const columns: ReadonlyArray<Column<QueueView>> = [
  { header: "QUEUE", value: ({ queue }) => queue },
  { header: "STATE", value: ({ paused }) => (paused === null ? "open" : "paused") },
  { header: "RUNNING", value: ({ running }) => String(running), align: "right" },
  { header: "WAITING", value: ({ waiting }) => String(waiting), align: "right" },
  { header: "HELD BACK BY", value: (queue) => heldCounts(queue) || "-" },
  { header: "LIMITS", value: ({ limits }) => limitsText(limits), flexible: true }
]

const list = Command.make(
  "list",
  reading,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const queues = yield* withScheduler((scheduler) => scheduler.queues({}))
    if (format === "json") return yield* outJson(queues)
    if (format === "ndjson") return yield* outLines(queues)
    if (queues.length === 0) return yield* note("there are no queues yet: they come with workers, tasks and limits")
    yield* outTable(columns, queues)
  })
).pipe(
  Command.withDescription("List the queues: their limits, what runs, what waits, and what holds it back"),
  Command.withExamples([{ command: "nagatha queue list" }, { command: "nagatha queue list --json" }])
)

const info = Command.make(
  "info",
  { name, ...reading },
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const [queue] = yield* withScheduler((scheduler) => scheduler.queues({ queue: input.name }))
    if (format === "json") return yield* outJson(queue ?? null)
    if (queue === undefined) return
    if (format === "ndjson") return yield* outLines([queue])
    const paint = yield* colors
    const today = yield* now
    const { zone } = yield* Presentation
    const free = queue.waiting - Object.values(queue.held).reduce((sum: number, one) => sum + (one ?? 0), 0)
    yield* out(
      [
        paint.bold(queue.queue),
        labelled(
          [
            ["paused", pauseText(queue, today)],
            ["running", String(queue.running)],
            ["waiting", String(queue.waiting)],
            ["held back by", heldCounts(queue) || undefined],
            ["next in line", free > 0 ? `${free}, for a free worker` : undefined],
            ["limits", limitsText(queue.limits)],
            ["changed", queue.changedAt === null ? undefined : instantText(queue.changedAt, zone, today)],
            ["revision", queue.revision === 0 ? undefined : String(queue.revision)]
          ],
          paint
        )
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Show one queue: its limits, what runs, what waits, and what holds it back"),
  Command.withExamples([{ command: "nagatha queue info mail" }])
)

const pause = Command.make(
  "pause",
  { name, ...origin },
  Effect.fnUntraced(function* (input) {
    const answer = yield* withScheduler((scheduler) =>
      scheduler.pauseQueue({ queue: input.name, ...defined({ reason: input.reason, commandId: input.commandId }) })
    )
    if (input.json) return yield* outJson(answer)
    yield* out(`paused queue ${answer.queue}: nothing new of it begins`)
    yield* note(`let it go on: nagatha queue resume ${answer.queue}`)
  })
).pipe(
  Command.withDescription("Pause a queue: nothing new of it begins; what runs goes on, what becomes due waits"),
  Command.withExamples([{ command: 'nagatha queue pause mail --reason "the mail server moves"' }])
)

const resume = Command.make(
  "resume",
  { name, ...origin },
  Effect.fnUntraced(function* (input) {
    const { answer, before } = yield* withScheduler((scheduler) =>
      Effect.all({
        before: scheduler.queues({ queue: input.name }),
        answer: scheduler.resumeQueue({
          queue: input.name,
          ...defined({ reason: input.reason, commandId: input.commandId })
        })
      })
    )
    if (input.json) return yield* outJson(answer)
    // What was known before has been changed by nobody: there was nothing to do.
    const wasOpen = before.some(({ revision }) => revision === answer.revision)
    yield* out(`queue ${answer.queue} ${wasOpen ? "is not paused: it went on already" : "goes on"}`)
  })
).pipe(
  Command.withDescription("Let a paused queue go on: what waits begins, within its limits"),
  Command.withExamples([{ command: "nagatha queue resume mail" }])
)

export const queue = Command.make("queue").pipe(
  Command.withSubcommands([set, list, info, pause, resume]),
  Command.withExamples([
    { command: "nagatha queue set mail --concurrency 2 --rate 100/1m" },
    { command: "nagatha queue list", description: "What waits, and what holds it back" }
  ])
)
