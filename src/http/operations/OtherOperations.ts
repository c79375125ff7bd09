/** Operations about queues, calendars, words, events, and the service itself. */
import { Effect, Schema } from "effect"
import { Refused } from "../../actors/door/TaskRequest.ts"
import { QueueView } from "../../actors/door/QueueRequest.ts"
import { CATALOGUE, entryOf, jsonSchemaOf } from "../../service/Catalogue.ts"
import type { FrontDoor, ServiceStatus as Status } from "../../service/FrontDoor.ts"
import { ServiceStatus } from "../../service/FrontDoor.ts"
import type { SubscribeAnswer } from "../../service/Subscriptions.ts"
import { type Operation, operations } from "../Operation.ts"

const queues = operations("queues")
const calendars = operations("calendars")
const when = operations("when")
const events = operations("events")
const service = operations("service")

const oneQueue = (door: FrontDoor, request: { readonly queue: string }) =>
  Effect.map(door.queues(request), ([queue]) => queue)

const listed = CATALOGUE.map(({ description, kind, name, subject }) => ({ name, kind, subject, description }))

const schemaNamed = (_door: FrontDoor, { name }: { readonly name: string }) =>
  Effect.suspend(() => {
    const entry = entryOf(name)
    if (entry !== undefined) return Effect.succeed(jsonSchemaOf(entry))
    return Effect.fail(
      new Refused({
        code: "notFound",
        message: `there is no schema ${JSON.stringify(name)}`,
        hint: "GET /api/v1/schemas lists them"
      })
    )
  })

const queueOperations: ReadonlyArray<Operation> = [
  queues.query("queues", "listQueues", "GET", "/queues", {
    ask: (door) => door.queues({}),
    fields: {},
    example: {},
    cli: ["queue list"]
  }),
  queues.query("queues", "getQueue", "GET", "/queues/{queue}", {
    ask: oneQueue,
    answer: QueueView,
    summary: "One queue: its limits, what runs, what waits, and what holds it back.",
    example: { queue: "mail" },
    cli: ["queue info"]
  }),
  queues.command("setQueue", "setQueue", "PATCH", "/queues/{queue}", {
    ask: (door, request) => door.setQueue(request),
    revision: () => undefined,
    description: "Limits that are named are changed, all others stay; null takes one away.",
    example: { queue: "mail", concurrency: 2, rate: { count: 100, perMs: 60_000 } },
    cli: ["queue set"]
  }),
  queues.command("pauseQueue", "pauseQueue", "POST", "/queues/{queue}/pause", {
    ask: (door, request) => door.pauseQueue(request),
    revision: () => undefined,
    example: { queue: "mail", reason: "the mail server moves" },
    cli: ["queue pause"]
  }),
  queues.command("resumeQueue", "resumeQueue", "POST", "/queues/{queue}/resume", {
    ask: (door, request) => door.resumeQueue(request),
    revision: () => undefined,
    example: { queue: "mail" },
    cli: ["queue resume"]
  })
]

const calendarOperations: ReadonlyArray<Operation> = [
  calendars.query("calendars", "listCalendars", "GET", "/calendars", {
    ask: (door) => door.calendars,
    example: {},
    cli: ["calendar list"]
  }),
  calendars.command("setCalendar", "setCalendar", "PUT", "/calendars/{calendar}", {
    ask: (door, request) => door.setCalendar(request),
    revision: () => undefined,
    example: { calendar: "holidays", days: ["12-25", "2027-08-01..2027-08-14"] },
    cli: ["calendar set"]
  }),
  calendars.command("removeCalendar", "removeCalendar", "DELETE", "/calendars/{calendar}", {
    ask: (door, request) => door.removeCalendar(request),
    revision: () => undefined,
    example: { calendar: "holidays" },
    cli: ["calendar remove"]
  })
]

const whenOperations: ReadonlyArray<Operation> = [
  when.query("next", "previewSchedule", "GET", "/next", {
    ask: (door, request) => door.next(request),
    example: { when: "every friday at 17:00", timezone: "Europe/Berlin", count: 3 },
    cli: ["next"]
  }),
  when.query("schedules", "listSchedules", "GET", "/schedules", {
    ask: (door, request) => door.schedules(request),
    description: "From these and the calendars whoever looks ahead computes the load to come.",
    example: { limit: 50 },
    cli: ["simulate"]
  })
]

const eventOperations: ReadonlyArray<Operation> = [
  events.query("subscriptions", "listSubscriptions", "GET", "/subscriptions", {
    ask: (door) => door.subscriptions,
    example: {},
    cli: ["subscriptions list"]
  }),
  events.command("subscribe", "makeSubscription", "POST", "/subscriptions", {
    ask: (door, request) => door.makeSubscription(request),
    revision: () => undefined,
    creates: ({ created, name }: SubscribeAnswer) =>
      created ? `/api/v1/subscriptions/${encodeURIComponent(name)}` : undefined,
    description: "Its events are read with `GET /api/v1/events?name=…`, and acknowledged when they are dealt with.",
    example: { name: "pager", patterns: ["failure"] },
    cli: ["events"]
  }),
  events.command("acknowledge", "acknowledge", "POST", "/subscriptions/{name}/acknowledge", {
    ask: (door, request) => door.acknowledge(request),
    revision: () => undefined,
    example: { name: "pager", cursor: "1042.0" },
    cli: ["events"]
  }),
  events.command("unsubscribe", "removeSubscription", "DELETE", "/subscriptions/{name}", {
    ask: (door, request) => door.unsubscribe(request),
    revision: () => undefined,
    example: { name: "pager" },
    cli: ["subscriptions remove"]
  })
]

const serviceOperations: ReadonlyArray<Operation> = [
  service.query("status", "getStatus", "GET", "/status", {
    ask: (door) => door.status,
    example: {},
    cli: ["status"]
  }),
  service.query("status", "listNodes", "GET", "/nodes", {
    ask: (door) => Effect.map(door.status, ({ nodes }: Status) => nodes),
    answer: ServiceStatus.fields.nodes,
    summary: "The nodes that answer now, and what each does.",
    example: {},
    cli: ["status"]
  }),
  service.query("log", "readLog", "GET", "/log", {
    ask: (door, request) => door.storedLog(request),
    description:
      "The stored bytes, of which the hashes of the chain are made: whoever checks it has no need to trust us.",
    example: { after: 0, limit: 10 },
    cli: ["audit export", "audit verify", "audit replay"]
  }),
  service.query("status", "listSchemas", "GET", "/schemas", {
    ask: () => Effect.succeed(listed),
    answer: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        kind: Schema.String,
        subject: Schema.NullOr(Schema.String),
        description: Schema.String
      })
    ),
    summary: "Names of the schemas of events, commands, queries and read models.",
    example: {},
    cli: ["schema"]
  }),
  service.query("status", "getSchema", "GET", "/schemas/{name}", {
    ask: schemaNamed,
    fields: { name: Schema.String },
    answer: Schema.JsonObject,
    summary: "One JSON Schema (2020-12), whole.",
    example: { name: "event.success" },
    cli: ["schema"]
  })
]

export const otherOperations = [
  ...queueOperations,
  ...calendarOperations,
  ...whenOperations,
  ...eventOperations,
  ...serviceOperations
]
