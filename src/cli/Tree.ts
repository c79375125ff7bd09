/** The command tree: `nagatha <verb>` and `nagatha scheduler <verb>` are the same commands. */
import { Effect } from "effect"
import { Command, Flag, GlobalFlag } from "effect/cli"
import { type AnyCommand, groups, type Verb } from "./Verbs.ts"

/** Read at the start of the run (`Presentation.ts`); declared here so that it is known everywhere. */
const NoColor = GlobalFlag.Setting("no-color")({
  flag: Flag.Boolean("no-color").pipe(
    Flag.withoutNegation,
    Flag.withDescription("Print without colours, as NO_COLOR does"),
    Flag.withDefault(false)
  )
})

const described = (command: AnyCommand, { alias, purpose }: Verb): AnyCommand => {
  const listed =
    command.description === undefined
      ? Command.withDescription(command, purpose)
      : Command.withShortDescription(command, purpose)
  return alias === undefined ? listed : Command.withAlias(listed, alias)
}

const treeWith = async (isAsked: (verb: Verb) => boolean, everything: () => Promise<AnyCommand>) => {
  const listed = await Promise.all(
    groups.map(async ({ group, verbs }) => ({
      group,
      commands: await Promise.all(
        verbs.map(async (verb) =>
          described(isAsked(verb) ? await verb.load(everything) : Command.make(verb.name), verb)
        )
      )
    }))
  )
  const scheduler = Command.make("scheduler").pipe(
    Command.withDescription("The same commands under their longer name"),
    Command.withSubcommands(listed),
    Command.withExamples([{ command: "nagatha scheduler list", description: "As nagatha list" }])
  )
  return Command.make("nagatha").pipe(
    Command.withDescription(
      "Do this at that time: schedule tasks, see what they did, stop them.\n" +
        "  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cannot reach the service, 4 not found, 5 refused or in conflict,\n" +
        "  6 the awaited execution failed, 7 apply has something to do, 124 the outcome is unknown, 130 interrupted."
    ),
    Command.withSubcommands([...listed, { group: "ALSO", commands: [scheduler] }]),
    Command.withExamples([
      { command: "nagatha up", description: "Run everything on this machine" },
      {
        command: 'nagatha schedule notification "in 30 minutes" --message "Tea is ready"',
        description: "A first task"
      },
      { command: 'nagatha next "every weekday at 9:00"', description: "How words are read" }
    ]),
    Command.withGlobalFlags([NoColor])
  )
}

/** The tree with every command whole. */
export const everything = (): Promise<AnyCommand> => treeWith(() => true, everything)

/** The tree in which those commands are whole that a word names; of all others it knows what is listed of them. */
export const treeFor = (words: ReadonlyArray<string>): Effect.Effect<AnyCommand> =>
  Effect.promise(() =>
    treeWith(({ alias, name }) => words.includes(name) || (alias !== undefined && words.includes(alias)), everything)
  )
