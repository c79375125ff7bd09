/** `nagatha status`: the server, the nodes, the partitions and their owners, the queues, and how far the read models are. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { ExecutionStatus, TaskStatus } from "../../projections/ScheduledTask.ts"
import type { ServiceStatus } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { formatOf, reading, timezone, zoneOf } from "../asking/Flags.ts"
import { colors, labelled, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { parkedText } from "../showing/Parked.ts"
import type { Column } from "../showing/Table.ts"
import { instantText } from "../showing/TaskRows.ts"
import { counted, indented, type Paint, visible, visibleLine } from "../showing/Text.ts"
import { relativeTime } from "../showing/Times.ts"

/** Troubles of a partition that are told one by one. */
const SHOWN_TROUBLES = 5

type Node = ServiceStatus["nodes"][number]
type Queue = ServiceStatus["queues"][number]

const nodeColumns = (
  zone: string,
  today: number,
  partitions: ServiceStatus["partitions"]
): ReadonlyArray<Column<Node>> => [
  { header: "NODE", value: (node) => node.nodeId },
  { header: "HOST", value: (node) => node.host, flexible: true },
  { header: "PID", value: (node) => String(node.pid), align: "right", optional: true },
  { header: "ROLES", value: (node) => node.roles.join(", ") },
  {
    header: "PARTITIONS",
    value: (node) => String(partitions.filter(({ owner }) => owner === node.nodeId).length),
    align: "right"
  },
  {
    header: `UP SINCE (${zone})`,
    value: (node) => instantText(node.startedAt, zone, today),
    short: { header: "UP SINCE", value: (node) => relativeTime(node.startedAt, today) }
  },
  { header: "VERSION", value: (node) => node.version, optional: true }
]

const queueColumns: ReadonlyArray<Column<Queue>> = [
  { header: "QUEUE", value: ({ queue }) => queue },
  { header: "WAITING", value: ({ waiting }) => String(waiting), align: "right" },
  { header: "IN PROGRESS", value: ({ inProgress }) => String(inProgress), align: "right" },
  { header: "REDELIVERED", value: ({ redelivered }) => String(redelivered), align: "right" }
]

/** Those that there are, in the order of a life. */
const counts = (of: Readonly<Record<string, number>>, order: ReadonlyArray<string>): string =>
  order
    .filter((status) => (of[status] ?? 0) > 0)
    .map((status) => `${of[status]} ${status}`)
    .join(", ") || "none"

/** A partition that two nodes hold is counted once: the log lets only one of them decide. */
const ownership = ({ partitions }: ServiceStatus, paint: Paint): string => {
  const each = [...new Map(partitions.map((one) => [one.partition, one])).values()]
  const tasks = each.reduce((sum, { tasks }) => sum + tasks, 0)
  const open = each.reduce((sum, { openExecutions }) => sum + openExecutions, 0)
  const halted = new Set(partitions.filter(({ troubles }) => troubles !== undefined).map(({ partition }) => partition))
  const stopped = halted.size === 0 ? "" : paint.red(`, ${halted.size} halted`)
  const held = `${each.length} owned${stopped}, ${counted(tasks, "task")}, ${counted(open, "open execution")}`
  const twice = partitions.length - each.length
  return twice === 0
    ? held
    : `${held} ${paint.yellow(`(${twice} held twice: one node with the role scheduler is enough)`)}`
}

/** Partitions in which nothing is decided, each thing that is wrong, and what to do. */
const haltedLines = ({ partitions }: ServiceStatus, paint: Paint): ReadonlyArray<string> =>
  partitions.flatMap(({ owner, partition, troubles = [] }) =>
    troubles.length === 0
      ? []
      : [
          "",
          `${paint.red(`partition ${partition} is halted`)} on ${owner}: nothing is decided in it`,
          ...troubles
            .slice(0, SHOWN_TROUBLES)
            .flatMap((trouble, index) => [
              indented(visible(trouble.found), 2),
              ...(trouble.remedy === troubles[index + 1]?.remedy && index + 1 < SHOWN_TROUBLES
                ? []
                : [indented(`do: ${visible(trouble.remedy)}`, 2)])
            ]),
          ...(troubles.length > SHOWN_TROUBLES ? [`  and ${troubles.length - SHOWN_TROUBLES} more: --json`] : [])
        ]
  )

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
          ["partitions", ownership(found, paint)],
          ["tasks", counts(projection.tasks, TaskStatus.literals)],
          ["executions", counts(projection.executions, ExecutionStatus.literals)],
          [
            "read models",
            projection.lag === 0 ? "up to date" : paint.yellow(`${counted(projection.lag, "commit")} behind`)
          ],
          ["left out", projection.parked === undefined ? undefined : paint.red(parkedText(projection.parked))]
        ],
        paint
      )
    )
    for (const line of haltedLines(found, paint)) yield* out(line)
    yield* out("")
    if (found.nodes.length === 0) yield* out(paint.red("no node has announced itself"))
    else yield* outTable(nodeColumns(zone, yield* now, found.partitions), found.nodes)
    if (found.queues.length === 0) return
    yield* out("")
    yield* outTable(queueColumns, found.queues)
  })
).pipe(Command.withExamples([{ command: "nagatha status" }, { command: "nagatha status --json" }]))
