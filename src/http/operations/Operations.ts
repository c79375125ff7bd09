/** All that can be asked over HTTP. */
import { Effect, Schema } from "effect"
import type { Operation } from "../Operation.ts"
import { EventPageJson } from "../../service/Client.ts"
import { EventPageQuery } from "../../service/EventPages.ts"
import { executionOperations, followOutput } from "./ExecutionOperations.ts"
import { otherOperations } from "./OtherOperations.ts"
import { taskOperations } from "./TaskOperations.ts"

const ask = () => Effect.die("not asked of the service")

/** What `EventStream.ts` answers. */
export const streamOperations: ReadonlyArray<Operation> = [
  {
    id: "streamEvents",
    group: "events",
    method: "GET",
    path: "/api/v1/events",
    kind: "query",
    summary: "Events of tasks as they happen, from the log: none is missed, and none comes twice.",
    description:
      "A stream (`text/event-stream`; `application/x-ndjson` gives the same, a line each). The id of each event is its place in the log: `Last-Event-ID` (or `cursor`) goes on behind it, also after a restart of the service. Every 15 seconds a comment with the newest id. Without a place it begins now; with `since`, there. `application/json` gives one page instead, with the `cursor` of the next.",
    fields: EventPageQuery.fields,
    answer: EventPageJson,
    ask,
    example: { patterns: ["failure", "retry"] },
    cli: ["events"]
  },
  {
    id: "streamLive",
    group: "events",
    method: "GET",
    path: "/api/v1/live",
    kind: "query",
    summary: "Whatever is published on public subjects from now on: events, progress, notifications.",
    description:
      "A stream (`text/event-stream`, or `application/x-ndjson`) of what is live only: it has no past and no ids, and what is missed is gone. For events of tasks take `/api/v1/events`.",
    fields: { patterns: Schema.optionalKey(Schema.Array(Schema.String)) },
    answer: Schema.Json,
    ask,
    example: { patterns: ["scheduler.task.progress", "scheduler.notification.*"] },
    cli: ["events"]
  },
  followOutput
]

const LoginAnswer = Schema.Struct({ url: Schema.String, expiresAt: Schema.String })

/** What `Sessions.ts` answers. */
export const sessionOperations: ReadonlyArray<Operation> = [
  {
    id: "login",
    group: "service",
    method: "POST",
    path: "/api/v1/session",
    kind: "command",
    summary: "A session for a browser, for the secret of a login link (good once), or for the token.",
    description: "Needs no token: the secret is one. The cookie of the session is for this server's pages only.",
    fields: { secret: Schema.String },
    answer: Schema.Struct({ expiresAt: Schema.String }),
    ask,
    example: { secret: "what stands behind # in the link" },
    cli: { none: "for browsers; commands have rights of their own" }
  },
  {
    id: "logout",
    group: "service",
    method: "DELETE",
    path: "/api/v1/session",
    kind: "command",
    summary: "Ends the session of a browser.",
    fields: {},
    answer: Schema.Struct({}),
    ask,
    example: {},
    cli: { none: "for browsers" }
  },
  {
    id: "newLogin",
    group: "service",
    method: "POST",
    path: "/api/v1/login-links",
    kind: "command",
    summary: "A new link that opens a browser session, good once and for ten minutes. Needs the token itself.",
    fields: {},
    answer: LoginAnswer,
    ask,
    example: {},
    cli: ["up"]
  }
]

/** Asked of the service. */
export const plainOperations: ReadonlyArray<Operation> = [...taskOperations, ...executionOperations, ...otherOperations]

export const OPERATIONS: ReadonlyArray<Operation> = [...plainOperations, ...streamOperations, ...sessionOperations]
