/** A task that is over, with its definition again: what restoring it, or retrying an execution of it, begins with. Pure. */
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import { scheduleType } from "../../recurrence/Recurrence.ts"
import type { EndedTask, LiveTask } from "./TaskState.ts"

export const revived = (ended: EndedTask, definition: TaskDefinition): LiveTask => ({
  _tag: "live",
  taskId: ended.taskId,
  definition,
  scheduleType: scheduleType(definition.recurrence),
  revision: ended.revision,
  phase: ended.phase,
  nextAt: null,
  lostAt: ended.lostAt ?? null,
  since: { sequence: 0 },
  ...(ended.heard === undefined ? {} : { heard: ended.heard }),
  ...(ended.stoodAt === undefined ? {} : { stoodAt: ended.stoodAt }),
  calendarsAt: 0,
  pausedUntil: null,
  pacedUntil: 0,
  leftOut: ended.leftOut ?? [],
  failuresInARow: 0,
  runs: ended.runs,
  executions: [],
  commands: ended.commands,
  definitions: ended.definitions
})
