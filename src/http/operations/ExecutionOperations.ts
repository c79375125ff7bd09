/** Operations about executions. */
import { Effect, Schema } from "effect"
import { type Operation, operations } from "../Operation.ts"

const { command, query } = operations("executions")

const executionId = "clock@20261123T143751000Z"

export const executionOperations: ReadonlyArray<Operation> = [
  query("executions", "listExecutions", "GET", "/executions", {
    ask: (door, request) => door.executions(request),
    description: "Newest first.",
    example: { taskId: "clock", status: ["failed"], limit: 20 },
    cli: ["history"]
  }),
  query("executionCounts", "countExecutions", "GET", "/counts/executions", {
    ask: (door, request) => door.executionCounts(request),
    example: { since: "2026-11-23T00:00:00Z", by: ["status"] },
    cli: ["history"]
  }),
  query("execution", "getExecution", "GET", "/executions/{executionId}", {
    ask: (door, request) => door.execution(request),
    description: "With its attempts, its result, and its output as far as it was kept.",
    example: { id: executionId },
    cli: ["info", "logs"]
  }),
  command("cancelExecution", "cancelExecution", "POST", "/executions/{executionId}/cancel", {
    ask: (door, request) => door.cancelExecution(request),
    revision: () => undefined,
    description: "At once where nobody works on it; else it is asked to stop. Its task goes on.",
    example: { executionId, reason: "it hangs" },
    cli: ["cancel"]
  }),
  command("retry", "retryExecution", "POST", "/executions/{executionId}/retry", {
    ask: (door, request) => door.retry(request),
    revision: () => undefined,
    description: "A new execution for the same instant; also where the task is over.",
    example: { executionId },
    cli: ["retry"]
  })
]

/** Live output is a stream: see `EventStream.ts`. */
export const followOutput: Operation = {
  ...query("execution", "followOutput", "GET", "/executions/{executionId}/output", {
    ask: () => Effect.die("a stream"),
    fields: { id: Schema.String },
    example: { id: executionId },
    cli: ["logs"]
  }),
  summary: "What a running execution writes, as it comes, until it has ended.",
  description:
    "A stream (`text/event-stream`): `output` with each piece, from the beginning of the attempt that runs, and at the end `end` with the execution. A piece may come twice (`from` and `to` say which bytes it is). `application/x-ndjson` gives the same, a line each."
}
