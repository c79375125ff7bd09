/** `nagatha schema [NAME]`: the JSON Schemas of events, commands, queries and read models; needs no server. */
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { suggestion } from "../../work/Suggestion.ts"
import { formatOf, reading } from "../asking/Flags.ts"
import { usage } from "../Failure.ts"
import { outJson, outLines, outTable } from "../showing/Output.ts"

export const schema = Command.make(
  "schema",
  {
    name: Argument.String("NAME").pipe(
      Argument.withDescription(
        "Such as event.success, command.schedule, query.tasks.answer or ScheduledTask (default: list them)"
      ),
      Argument.optional
    ),
    ...reading
  },
  Effect.fnUntraced(function* (input) {
    const { CATALOGUE, entryOf, jsonSchemaOf } = yield* Effect.promise(() => import("../../service/Catalogue.ts"))
    if (Option.isSome(input.name)) {
      const name = input.name.value
      // What is heard on a subject is found by the subject as well.
      const entry = entryOf(name) ?? CATALOGUE.find(({ subject }) => subject === name)
      if (entry !== undefined) return yield* outJson(jsonSchemaOf(entry))
      const names = CATALOGUE.map((one) => one.name)
      const meant = names.find((one) => one.endsWith(`.${name}`)) ?? suggestion(name, names)
      return yield* usage(
        `there is no schema ${JSON.stringify(name)}`,
        meant === undefined ? "nagatha schema lists them" : `did you mean ${meant}?`
      )
    }
    const format = yield* formatOf(input)
    const listed = CATALOGUE.map(({ description, kind, name, subject }) => ({ name, kind, subject, description }))
    if (format === "json") return yield* outJson(listed)
    if (format === "ndjson") return yield* outLines(listed)
    yield* outTable(
      [
        { header: "NAME", value: ({ name }) => name },
        { header: "SUBJECT", value: ({ subject }) => subject ?? "-" },
        { header: "WHAT", value: ({ description }) => description, flexible: true }
      ],
      listed
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha schema", description: "List them" },
    { command: "nagatha schema event.success" },
    {
      command: "nagatha schema command.schedule > schedule.schema.json",
      description: "For a program that checks its requests"
    }
  ])
)
