/** All checks of a history: pure, and each by the name of what it holds the history to. */
import type { History } from "../History.ts"
import { DRAIN_MS } from "../Simulation.ts"
import { commands } from "./Commands.ts"
import { executions } from "./Executions.ts"
import { audit } from "./Audit.ts"
import { messages } from "./Messages.ts"
import { queues } from "./Queues.ts"
import { log } from "./Log.ts"
import { schedule } from "./Schedule.ts"
import type { Violation } from "./Violation.ts"

export const check = (history: History): ReadonlyArray<Violation> => [
  ...history.complaints.map((what) => ({ invariant: "noDefect" as const, what })),
  ...schedule(history),
  ...commands(history),
  ...executions(history),
  ...messages(history),
  ...queues(history),
  ...log(history),
  ...audit(history),
  ...history.forgotten.map((attempt) => ({
    invariant: "backlogDrains" as const,
    what: `${attempt} is neither in line nor in anybody's hands`
  })),
  ...(history.drainedAt === null
    ? [
        {
          invariant: "backlogDrains" as const,
          what: `${DRAIN_MS} ms after the heal: ${history.left.slice(0, 8).join("; ")}`
        }
      ]
    : [])
]
