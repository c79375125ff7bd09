/** One attempt of `shell_command`, run as a program of its own: `node shellAttempt.ts <command>`. */
import { Effect } from "effect"
import { ShellCommand } from "../../src/work/shell/ShellCommand.ts"
import { attemptOf } from "./attempt.ts"

void Effect.runFork(ShellCommand.attempt({ command: process.argv[2] ?? "" }, attemptOf()))
