/** Operations about tasks. */
import { Effect, Schema } from "effect"
import { CommandOrigin, Refused, type ScheduleAnswer, type ScheduleRequest } from "../../actors/door/TaskRequest.ts"
import { type FrontDoor, type RetryOfTask, TaskInfo } from "../../service/FrontDoor.ts"
import { errorJson } from "../../service/Answered.ts"
import { type Operation, operations } from "../Operation.ts"

const { command, query } = operations("tasks")

const taskId = "clock"
const reason = "holiday"
const RETRY = {
  ...CommandOrigin,
  taskId: Schema.String,
  fromStart: Schema.optionalKey(Schema.Boolean)
}

/** Each answered by itself: what it gave, or why it was refused. */
const many = (door: FrontDoor, { requests }: { readonly requests: ReadonlyArray<ScheduleRequest> }) =>
  Effect.map(door.scheduleMany(requests), (answers) =>
    answers.map((one) => (one instanceof Refused ? { error: errorJson(one) } : { answer: one }))
  )

export const taskOperations: ReadonlyArray<Operation> = [
  command("schedule", "scheduleTask", "POST", "/tasks", {
    ask: (door, request) => door.schedule(request),
    creates: ({ created, taskId }: ScheduleAnswer) =>
      created ? `/api/v1/tasks/${encodeURIComponent(taskId)}` : undefined,
    revision: () => undefined,
    description:
      "With an own `taskId` it is idempotent by itself: the same definition again changes nothing, another one is refused (`idInUse`). With `dryRun` it says what would be done.",
    example: {
      taskType: "shell_command",
      taskArgs: { command: "date" },
      schedule: "every 10 seconds",
      taskId,
      taskName: "clock"
    },
    cli: ["schedule"]
  }),
  command("scheduleMany", "scheduleTasks", "POST", "/batch", {
    ask: many,
    revision: () => undefined,
    description: "Each is answered by itself, in the same order: `answer`, or the `error` why it was refused.",
    example: {
      requests: [
        { taskType: "notification", taskArgs: { message: "Good morning" }, schedule: "every day at 8:00" },
        { taskType: "notification", taskArgs: { message: "Good night" }, schedule: "every day at 22:00" }
      ]
    },
    cli: ["schedule"]
  }),
  query("tasks", "listTasks", "GET", "/tasks", {
    ask: (door, request) => door.tasks(request),
    description: "Without a filter: all that are not over, and what ended within a day.",
    example: { status: ["scheduled", "paused"], limit: 20 },
    cli: ["list"]
  }),
  query("counts", "countTasks", "GET", "/counts/tasks", {
    ask: (door, request) => door.counts(request),
    example: { by: ["status", "type"] },
    cli: ["list"]
  }),
  query("info", "getTask", "GET", "/tasks/{taskId}", {
    ask: (door, request) => door.info(request),
    answer: TaskInfo,
    revision: ({ task }: TaskInfo) => task.revision,
    description:
      "The task, its coming runs, and its newest executions. `ETag` is its revision, for `If-Match` of a change.",
    example: { id: taskId, executions: 3 },
    cli: ["info"]
  }),
  query("changes", "listChanges", "GET", "/tasks/{taskId}/changes", {
    ask: (door, request) => door.changes(request),
    summary: "Who changed what of a task, when and why, newest first.",
    example: { id: taskId, limit: 20 },
    cli: ["info"]
  }),
  query("occurrences", "listOccurrences", "GET", "/tasks/{taskId}/occurrences", {
    ask: (door, request) => door.occurrences(request),
    example: { id: taskId, from: "2026-12-01T00:00:00Z", to: "2026-12-02T00:00:00Z", limit: 10 },
    cli: ["backfill"]
  }),
  query("why", "whyTask", "GET", "/tasks/{taskId}/why", {
    ask: (door, request) => door.why(request),
    example: { id: taskId, at: "2026-11-23T14:37:51Z" },
    cli: ["audit why"]
  }),
  command("update", "updateTask", "PATCH", "/tasks/{taskId}", {
    ask: (door, request) => door.update(request),
    description: "Nothing from the past runs because of it. `If-Match` carries it out only on that revision.",
    example: { taskId, taskName: "the clock", maxRetries: 5 },
    cli: ["update"]
  }),
  command("cancel", "cancelTask", "POST", "/tasks/{taskId}/cancel", {
    ask: (door, request) => door.cancel(request),
    example: { taskId, reason },
    cli: ["cancel"]
  }),
  command("cancelWaiting", "cancelWaiting", "POST", "/tasks/{taskId}/cancel-waiting", {
    ask: (door, request) => door.cancelWaiting(request),
    description: "The oldest 500; where that many were dropped, more may wait.",
    example: { taskId, reason },
    cli: ["cancel"]
  }),
  command("pause", "pauseTask", "POST", "/tasks/{taskId}/pause", {
    ask: (door, request) => door.pause(request),
    example: { taskId, until: "2027-01-07T08:00:00Z", reason },
    cli: ["pause"]
  }),
  command("resume", "resumeTask", "POST", "/tasks/{taskId}/resume", {
    ask: (door, request) => door.resume(request),
    example: { taskId },
    cli: ["resume"]
  }),
  command("run", "runTask", "POST", "/tasks/{taskId}/run", {
    ask: (door, request) => door.run(request),
    description: "Also while it is paused. With `fromStep` a failed sequence is taken up again.",
    example: { taskId },
    cli: ["run"]
  }),
  command("reschedule", "rescheduleTask", "POST", "/tasks/{taskId}/reschedule", {
    ask: (door, request) => door.reschedule(request),
    description: "Nothing from the past runs because of it. `If-Match` carries it out only on that revision.",
    example: { taskId, schedule: "every minute" },
    cli: ["reschedule"]
  }),
  command("skip", "skipOccurrence", "POST", "/tasks/{taskId}/skip", {
    ask: (door, request) => door.skip(request),
    example: { taskId, instant: "2027-01-07T08:00:00Z" },
    cli: ["skip"]
  }),
  command("backfill", "backfillTask", "POST", "/tasks/{taskId}/backfill", {
    ask: (door, request) => door.backfill(request),
    description: "Of `[from, to)`; how many that are is asked of the occurrences first.",
    example: { taskId, from: "2026-11-02T00:00:00Z", to: "2026-11-03T00:00:00Z" },
    cli: ["backfill"]
  }),
  command("retry", "retryTask", "POST", "/tasks/{taskId}/retry", {
    ask: (door, request: RetryOfTask) => door.retry(request),
    fields: RETRY,
    summary: "Does the newest execution of a task again that has failed, for the same instant.",
    example: { taskId },
    cli: ["retry"]
  }),
  command("restore", "restoreTask", "POST", "/tasks/{taskId}/restore", {
    ask: (door, request) => door.restore(request),
    description: "With the definition that it had; nothing from the past runs because of it.",
    example: { taskId },
    cli: ["restore"]
  }),
  command("undo", "undoChange", "POST", "/tasks/{taskId}/undo", {
    ask: (door, request) => door.undo(request),
    description: "Done twice, it stands again. `If-Match` carries it out only on that revision.",
    example: { taskId },
    cli: ["undo"]
  }),
  command("revert", "revertTask", "POST", "/tasks/{taskId}/revert", {
    ask: (door, request) => door.revert(request),
    description: "`If-Match` carries it out only on that revision.",
    example: { taskId, toRevision: 1 },
    cli: ["revert"]
  })
]
