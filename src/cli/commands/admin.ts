/** `nagatha admin`: what only whoever answers for the log should do. */
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { confirmedLines, mustAsk } from "../asking/ChosenTasks.ts"
import { defined, json, present, text } from "../asking/Flags.ts"
import { withScheduler } from "../Backend.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { note, out, outJson } from "../showing/Output.ts"
import { visible } from "../showing/Text.ts"

const acceptLog = Command.make(
  "accept-log",
  {
    partition: Argument.Int("PARTITION").pipe(
      Argument.withDescription("Number of the halted partition: nagatha status")
    ),
    reason: Flag.String("reason").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("Why it is to be gone on with; kept in the log")
    ),
    yes: present("yes", "Do not ask"),
    commandId: text("command-id", "ID", "Id of this command"),
    json
  },
  Effect.fnUntraced(function* (input) {
    const { partition, reason } = input
    yield* mustAsk("accept-log", input)
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const { partitions } = yield* scheduler.status
        const halted = partitions.find((one) => one.partition === partition && one.troubles !== undefined)
        const lines = (halted?.troubles ?? []).map(({ found }) => visible(found))
        if (!input.yes && lines.length > 0 && !(yield* confirmedLines("accept", "finding", lines))) {
          return yield* new CliFailure({
            code: "notAccepted",
            message: `nothing has been accepted: partition ${partition} stays halted`,
            exitCode: ExitCode.failed
          })
        }
        const answer = yield* scheduler.acceptLog({
          partition,
          reason,
          ...defined({ commandId: input.commandId })
        })
        if (input.json) return yield* outJson(answer)
        for (const found of answer.found) yield* note(`accepted: ${visible(found)}`)
        yield* out(`the log of partition ${partition} is gone on with from log sequence ${answer.logSequence}`)
      })
    )
  })
).pipe(
  Command.withDescription(
    "Go on with the log of a halted partition as it stands, although it is damaged: what is missing stays missing.\n" +
      "  Restoring the streams from a copy is better. The acceptance stands in the log, with your name and the reason"
  ),
  Command.withExamples([{ command: 'nagatha admin accept-log 7 --reason "restored from the backup of 3 March"' }])
)

export const admin = Command.make("admin").pipe(
  Command.withSubcommands([acceptLog]),
  Command.withExamples([{ command: 'nagatha admin accept-log 7 --reason "restored from the backup of 3 March"' }])
)
