/** `nagatha audit`: what the log proves, and what it says of one instant. */
import { Command } from "effect/cli"
import { exportLog } from "./audit/export.ts"
import { replay } from "./audit/replay.ts"
import { verify } from "./audit/verify.ts"
import { why } from "./audit/why.ts"

export const audit = Command.make("audit").pipe(
  Command.withSubcommands([why, verify, replay, exportLog]),
  Command.withExamples([
    { command: 'nagatha audit why 4kx9 "yesterday at 9"' },
    { command: "nagatha audit verify", description: "Exit code 1 on any finding" }
  ])
)
