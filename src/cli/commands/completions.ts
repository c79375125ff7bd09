/** `nagatha completions SHELL`: a script that completes commands and flags. */
import { Effect } from "effect"
import { Argument, Command, Completions } from "effect/cli"
import { out } from "../showing/Output.ts"

/** The command, for the tree that it is a part of. */
export const completions = (tree: () => Promise<Command.Command.Any>) =>
  Command.make(
    "completions",
    {
      shell: Argument.Literals("SHELL", ["bash", "zsh", "fish"]).pipe(Argument.withDescription("bash, zsh or fish"))
    },
    ({ shell }) =>
      Effect.flatMap(Effect.promise(tree), (whole) =>
        out(Completions.generate("nagatha", shell, Completions.fromCommand(whole)))
      )
  ).pipe(
    Command.withExamples([
      { command: 'eval "$(nagatha completions bash)"', description: "bash, in ~/.bashrc" },
      { command: "nagatha completions fish > ~/.config/fish/completions/nagatha.fish", description: "fish" }
    ])
  )
