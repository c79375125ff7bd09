/**
 * How the methods of the service are asked: with one object. Whoever gives a text in its place (`undo("4kx9")`) is told what the
 * method takes, and which one takes fewer words, before anything is sent; a question that may be asked with nothing gets all.
 */
import { Predicate } from "effect"
import { Refused } from "../Scheduler.ts"
import type { FrontDoor } from "../service/FrontDoor.ts"
import type { Promised } from "./Promised.ts"

type Plain = Promised<FrontDoor>

/** What is asked with an object: without what takes nothing, a text, or a list. */
export type Asking = {
  [Name in keyof Plain]: Plain[Name] extends (request: infer Request) => unknown
    ? unknown extends Request
      ? never
      : Request extends string | undefined | ReadonlyArray<unknown>
        ? never
        : Name
    : never
}[keyof Plain]

interface Shape {
  /** The field that comes first to mind. */
  readonly field: string
  /** The method for the same in fewer words. */
  readonly instead?: string
}

/** Complete by its type: a method that the service gets later has to say how it is asked. */
export const SHAPES: Readonly<Record<Asking, Shape>> = {
  schedule: { field: "taskType", instead: "scheduleNotification" },
  cancel: { field: "taskId", instead: "cancelTask" },
  cancelExecution: { field: "executionId", instead: "stopExecution" },
  cancelWaiting: { field: "taskId", instead: "dropWaiting" },
  retry: { field: "executionId", instead: "retryExecution" },
  restore: { field: "taskId", instead: "restoreTask" },
  undo: { field: "taskId", instead: "undoTask" },
  revert: { field: "taskId", instead: "revertTask" },
  changes: { field: "id", instead: "listChanges" },
  run: { field: "taskId", instead: "runTask" },
  pause: { field: "taskId", instead: "pauseTask" },
  resume: { field: "taskId", instead: "resumeTask" },
  skip: { field: "taskId", instead: "skipOccurrence" },
  backfill: { field: "taskId", instead: "backfillTask" },
  occurrences: { field: "id" },
  reschedule: { field: "taskId", instead: "rescheduleTask" },
  update: { field: "taskId", instead: "updateTask" },
  setCalendar: { field: "calendar" },
  removeCalendar: { field: "calendar" },
  setQueue: { field: "queue" },
  pauseQueue: { field: "queue" },
  resumeQueue: { field: "queue" },
  acceptLog: { field: "partition" },
  queues: { field: "queue" },
  next: { field: "when" },
  tasks: { field: "status", instead: "listTasks" },
  info: { field: "id", instead: "task" },
  executions: { field: "taskId", instead: "listExecutions" },
  execution: { field: "id" },
  counts: { field: "status" },
  executionCounts: { field: "status" },
  schedules: { field: "tag" },
  why: { field: "id", instead: "explain" },
  storedLog: { field: "taskId", instead: "listLog" },
  pastEvents: { field: "taskId" },
  consume: { field: "name" },
  eventPage: { field: "name" },
  makeSubscription: { field: "name" },
  acknowledge: { field: "name" },
  unsubscribe: { field: "name" }
}

const isAsking = (name: string): name is Asking => Object.hasOwn(SHAPES, name)

const shown = (given: unknown): string => {
  const text = typeof given === "function" ? "a function" : (JSON.stringify(given) ?? String(given))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Why a method cannot be asked with this; undefined where it can be. */
export const wrongArgument = (name: Asking, given: unknown): Refused | undefined => {
  if (Predicate.isObject(given) && !Array.isArray(given)) return undefined
  const { field, instead } = SHAPES[name]
  const text = Predicate.isString(given) ? shown(given) : "…"
  return new Refused({
    code: "invalidRequest",
    message: `${name} takes one object, such as ${name}({ ${field}: ${text} }), and was given ${shown(given)}`,
    ...(instead === undefined ? {} : { hint: `${instead} asks the same in fewer words` })
  })
}

type Member = (...args: ReadonlyArray<unknown>) => unknown

/** Members that look at what they are given first. */
export const checked = (members: Plain): Plain =>
  Object.fromEntries(
    Object.entries(members as unknown as Readonly<Record<string, Member>>).map(([name, member]) => {
      if (!isAsking(name)) return [name, member]
      const asked = (given: unknown = {}) => {
        const refused = wrongArgument(name, given)
        return refused === undefined ? member(given) : Promise.reject(refused)
      }
      return [name, asked]
    })
  ) as unknown as Plain
