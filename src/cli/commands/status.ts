/** `nagatha status`: the server, the nodes, the partitions and their owners, the queues, and how far the read models are. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import type { ServiceStatus } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { formatOf, reading, timezone, zoneOf } from "../Flags.ts"
import { colors, labelled, now, out, outJson, outLines, outTable } from "../Output.ts"
import type { Column } from "../Table.ts"
import { instantText } from "../TaskRows.ts"
import { visibleLine } from "../Text.ts"

type Node = ServiceStatus["nodes"][number]
type Queue = ServiceStatus["queues"][number]

const nodeColumns = (
  zone: string,
  today: number,
  partitions: ServiceStatus["partitions"]
): ReadonlyArray<Column<Node>> => [
  { header: "NODE", value: (node) => node.nodeId },
  { header: "HOST", value: (node) => node.host, flexible: true },
  { header: "PID", value: (node) => String(node.pid), align: "right" },
  { header: "ROLES", value: (node) => node.roles.join(", ") },
  {
    header: "PARTITIONS",
    value: (node) => String(partitions.filter(({ owner }) => owner === node.nodeId).length),
    align: "right"
  },
  { header: `UP SINCE (${zone})`, value: (node) => instantText(node.startedAt, zone, today) },
  { header: "VERSION", value: (node) => node.version }
]

const queueColumns: ReadonlyArray<Column<Queue>> = [
  { header: "QUEUE", value: ({ queue }) => queue },
  { header: "WAITING", value: ({ waiting }) => String(waiting), align: "right" },
  { header: "IN PROGRESS", value: ({ inProgress }) => String(inProgress), align: "right" },
  { header: "REDELIVERED", value: ({ redelivered }) => String(redelivered), align: "right" }
]

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(", ") || "none"

const ownership = (status: ServiceStatus): string => {
  const owned = status.partitions.length
  const tasks = status.partitions.reduce((sum, { tasks }) => sum + tasks, 0)
  const open = status.partitions.reduce((sum, { openExecutions }) => sum + openExecutions, 0)
  return `${owned} owned, ${tasks} tasks, ${open} open executions`
}

export const status = Command.make(
  "status",
  { timezone, ...reading },
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const found = yield* withScheduler((scheduler) => scheduler.status)
    if (format === "json") return yield* outJson(found)
    if (format === "ndjson") return yield* outLines([found])
    const paint = yield* colors
    const { server, projection } = found
    yield* out(
      labelled(
        [
          ["server", `${visibleLine(server.name)} ${server.version} at ${visibleLine(server.url)}`],
          ["partitions", ownership(found)],
          ["tasks", counts(projection.tasks)],
          ["executions", counts(projection.executions)],
          ["read models", projection.lag === 0 ? "up to date" : paint.yellow(`${projection.lag} commits behind`)]
        ],
        paint
      )
    )
    yield* out("")
    if (found.nodes.length === 0) yield* out(paint.red("no node has announced itself"))
    else yield* outTable(nodeColumns(zone, yield* now, found.partitions), found.nodes)
    if (found.queues.length === 0) return
    yield* out("")
    yield* outTable(queueColumns, found.queues)
  })
).pipe(
  Command.withDescription("Show nodes, partitions, queues and how far the read models are"),
  Command.withExamples([{ command: "nagatha status" }, { command: "nagatha status --json" }])
)
