/** `nagatha backfill ID --from T --to T`: runs the occurrences of a stretch of the past. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { choice, defined, present, text, zoneOf } from "../asking/Flags.ts"
import { usage } from "../Failure.ts"
import { edgeOf } from "../asking/Moments.ts"
import { colors, note, now, out, outJson } from "../showing/Output.ts"
import { runLines } from "../showing/Runs.ts"
import { origin } from "../asking/TaskFlags.ts"
import { byId } from "../asking/TaskNames.ts"
import { counted } from "../showing/Text.ts"

/** Instants that a dry run lists. */
const SHOWN = 20

const edge = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar("INSTANT"), Flag.withDescription(description))

export const backfill = Command.make(
  "backfill",
  {
    id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
    from: edge(
      "from",
      'The first instant that counts, such as 2026-11-01, 2026-11-01T09:00, "yesterday at 9" or 7d ago'
    ),
    to: edge("to", "The first that does not any more, such as 2026-11-08 or now; not in the future"),
    overlap: choice(
      "overlap",
      ["bufferAll", "allowAll"] as const,
      "One after another, or all at once (default: bufferAll)"
    ),
    timezone: text("timezone", "ZONE", "Zone of the two instants (default: the task's)"),
    dryRun: present("dry-run", "Only list what would run"),
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const { task } = yield* byId(scheduler, input.id, scheduler.info({ id: input.id, executions: 1 }))
        const zone = yield* zoneOf(Option.orElse(input.timezone, () => Option.some(task.timezone)))
        const edges = { zone, durations: "ago" } as const
        const range = { from: yield* edgeOf(input.from, "begin", edges), to: yield* edgeOf(input.to, "begin", edges) }
        if (range.from >= range.to) {
          return yield* usage(
            `--from ${JSON.stringify(input.from)} (${range.from}) does not lie before --to ${JSON.stringify(input.to)} (${range.to})`,
            "the first instant counts, the second does not any more: --from yesterday --to today"
          )
        }
        if (input.dryRun) {
          const found = yield* scheduler.occurrences({ id: task.taskId, ...range, limit: SHOWN })
          if (input.json) return yield* outJson(found)
          yield* out(`${counted(found.count, "occurrence")} from ${range.from} to before ${range.to}; nothing was done`)
          if (found.count === 0) return
          yield* out(runLines(found.runs, found.timezone, yield* now, yield* colors))
          if (found.count > found.runs.length) yield* note(`and ${found.count - found.runs.length} more`)
          return
        }
        const answer = yield* scheduler.backfill({
          taskId: task.taskId,
          ...range,
          ...defined({ overlap: input.overlap, reason: input.reason, commandId: input.commandId })
        })
        if (input.json) return yield* outJson(answer)
        yield* out(`${counted(answer.executions, "execution")} of ${answer.taskId}, beside its schedule`)
        yield* note(`see them: nagatha history ${answer.taskId}`)
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha backfill 4kx9 --from 2026-11-01 --to 2026-11-08 --dry-run", description: "What that would be" },
    { command: "nagatha backfill 4kx9 --from 2026-11-01 --to 2026-11-08" },
    { command: "nagatha backfill 4kx9 --from 7d --to now", description: "Those of the last seven days" }
  ])
)
