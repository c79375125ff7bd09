/** `nagatha audit export`: the log as lines of JSON, from the beginning or from where an export before has ended. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { hashOf } from "../../../events/EventLog.ts"
import { present, text, timezone, zoneOf } from "../../asking/Flags.ts"
import { eachStored, position, rangeOf, type StoredCommit } from "../../asking/StoredCommits.ts"
import { byId } from "../../asking/TaskNames.ts"
import { withScheduler } from "../../Backend.ts"
import { usage } from "../../Failure.ts"
import { note, out } from "../../showing/Output.ts"
import { safeJson } from "../../showing/Text.ts"

const isPlain = (stored: string): boolean => {
  try {
    return !stored.includes("\n") && safeJson(JSON.parse(stored)) === stored
  } catch {
    return false
  }
}

/** The commit stands in the line byte for byte, as it is hashed; where a line cannot hold it so, as text. */
const asCommit = ({ sequence, storedAt, text: stored }: StoredCommit): string => {
  const head = safeJson({ logSequence: sequence, storedAt, hash: hashOf(stored) }).slice(0, -1)
  return isPlain(stored) ? `${head},"commit":${stored}}` : `${head},"text":${safeJson(stored)}}`
}

interface Events {
  readonly partition: number
  readonly events?: ReadonlyArray<{ readonly taskId?: string }>
  readonly calendars?: ReadonlyArray<object>
  readonly queues?: ReadonlyArray<object>
}

const asEvents =
  (taskId: string | undefined) =>
  ({ sequence, text: stored }: StoredCommit): string => {
    const { calendars = [], events = [], partition, queues = [] } = JSON.parse(stored) as Events
    return [...events, ...calendars, ...queues]
      .map((event, index) => ({ id: `${sequence}.${index}`, logSequence: sequence, partition, ...event }))
      .filter((event) => taskId === undefined || !("taskId" in event) || event.taskId === taskId)
      .map((event) => safeJson(event))
      .join("\n")
  }

export const exportLog = Command.make(
  "export",
  {
    from: position("from", "The first that counts"),
    to: position("to", "The last that counts (default: the end of the log)"),
    after: text("after", "SEQ", "Go on behind this log sequence, where an export before has ended"),
    task: text("task", "ID", "Only commits that speak of this task, and those of the calendars"),
    events: present("events", "A line for each event, in place of each commit"),
    timezone,
    format: Flag.Literals("format", ["ndjson"]).pipe(
      Flag.withDescription("One JSON value a line"),
      Flag.withDefault("ndjson" as const)
    )
  },
  Effect.fnUntraced(function* (input) {
    const zone = yield* zoneOf(input.timezone)
    if (Option.isSome(input.after) && Option.isSome(input.from)) {
      return yield* usage("--after and --from say the same twice", "leave one of them out")
    }
    const behind = Option.getOrElse(input.after, () => "0")
    if (!/^\d{1,15}$/.test(behind)) return yield* usage(`--after ${JSON.stringify(behind)} is no log sequence`)
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const asked = Option.getOrUndefined(input.task)
        const taskId =
          asked === undefined
            ? undefined
            : (yield* byId(scheduler, asked, scheduler.info({ id: asked, executions: 1 }))).task.taskId
        const { from, through } = yield* rangeOf(scheduler, input, zone)
        const after = from === undefined ? Number(behind) : Math.max(0, from - 1)
        const line = input.events ? asEvents(taskId) : asCommit
        const end = yield* eachStored(scheduler, { after, through, taskId }, (commits) => {
          const lines = commits.map(line).filter((one) => one !== "")
          return lines.length === 0 ? Effect.void : out(lines.join("\n"))
        })
        yield* note(`up to log sequence ${end}; go on from there with --after ${end}`)
      })
    )
  })
).pipe(
  Command.withDescription("Print the log, a commit or an event a line; can be taken up where it has ended"),
  Command.withExamples([
    { command: "nagatha audit export > log.ndjson", description: "All of it, with the hash of each commit" },
    { command: "nagatha audit export --after 5000 >> log.ndjson", description: "What has come since" },
    { command: "nagatha audit export --events --task 4kx9 --from yesterday" }
  ])
)
