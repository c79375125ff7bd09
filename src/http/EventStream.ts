/**
 * Streams: events from the log, what is live only, and what an execution writes.
 *
 * Of events from the log none is missed and none comes twice, for each carries its place, and whoever comes again says
 * which he has seen last, also to a service that was started anew. A comment every 15 seconds, with the newest place,
 * shows that the line is there; a client that has seen nothing yet comes back to where it began all the same. With the
 * session that opened it a stream ends as well, within those 15 seconds.
 */
import { Deferred, Effect, Option, type Scope, Stream } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { Refused } from "../actors/door/TaskRequest.ts"
import { OWN_EVENTS } from "../recurrence/MessageWords.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import type { AnnouncedEvent, EventPageAnswer, FrontDoor, SchedulerError } from "../service/FrontDoor.ts"
import { suggestion } from "../work/Suggestion.ts"
import { answerOf, RequestRefused } from "./Problem.ts"

const HEARTBEAT = "15 seconds"
/** After which a browser that has lost the stream comes again, milliseconds. */
const COME_AGAIN_MS = 2000
const LOOK_MS = 500

type Form = "sse" | "ndjson" | "json"
const TYPES: Readonly<Record<Exclude<Form, "json">, string>> = {
  sse: "text/event-stream",
  ndjson: "application/x-ndjson"
}

/** In which form somebody wants it; server-sent events where nothing is said. */
export const formOf = (accept: string | undefined, forms: ReadonlyArray<Form>): Form | RequestRefused => {
  const wanted = (accept ?? "*/*").split(",").map((one) => (one.split(";", 1)[0] ?? "").trim().toLowerCase())
  for (const one of wanted) {
    if (one === "*/*" || one === "text/*" || one === TYPES.sse) return "sse"
    if (one === TYPES.ndjson) return "ndjson"
    if (one === "application/json" && forms.includes("json")) return "json"
  }
  const given = forms.map((form) => (form === "json" ? "application/json" : TYPES[form])).join(", ")
  return new RequestRefused({
    status: 406,
    code: "noSuchForm",
    message: `this is given as ${given}`,
    place: "header Accept",
    value: (accept ?? "").slice(0, 100),
    remedy: `send Accept: ${given}`
  })
}

const FOR_EVENTS = "scheduler.task."

/** Why nothing would ever come: a word that is no event; undefined where each is one, or a pattern. */
export const noSuchEvent = (patterns: unknown): Refused | undefined => {
  const words = Array.isArray(patterns) ? patterns.map(String) : []
  for (const word of words) {
    const event = word.startsWith(FOR_EVENTS) ? word.slice(FOR_EVENTS.length) : word
    if (/[.*>]/.test(event) || OWN_EVENTS.includes(event)) continue
    const meant = suggestion(event, OWN_EVENTS)
    return new Refused({
      code: "invalidRequest",
      message: `there is no event ${JSON.stringify(event)} in the log${meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`}`,
      hint: `it is one of ${OWN_EVENTS.join(", ")}; what is live only is heard at /api/v1/live`
    })
  }
  return undefined
}

export interface Lines {
  /** Streams that may be open at the same time. */
  readonly most: number
  /** Ends all streams when it is done. */
  readonly stopping: Deferred.Deferred<void>
  /** Whether whoever asked so could still come in. */
  mayStay(headers: Readonly<Record<string, string | undefined>>): boolean
}

const block = (fields: Readonly<Record<string, string | undefined>>): string =>
  `${Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
    .join("\n")}\n\n`

/** Something that is said on a stream: an event of a name, a place that has been reached, or both. */
interface Said {
  readonly event?: string
  readonly id?: string
  readonly data?: unknown
}

/** Nothing is said, but that the line is there. */
const BEAT: Said = {}

const written = (form: Exclude<Form, "json">) => {
  return ({ data, event, id }: Said): string => {
    if (form === "sse") return block({ id, event, data: data === undefined ? undefined : JSON.stringify(data) })
    if (data === undefined) return id === undefined ? "" : `${JSON.stringify({ cursor: id })}\n`
    return `${JSON.stringify(event === undefined ? data : { event, ...(data as object) })}\n`
  }
}

export const make = ({ mayStay, most, stopping }: Lines) => {
  let open = 0
  const line = Effect.acquireRelease(
    Effect.suspend(() => {
      if (Deferred.isDoneUnsafe(stopping)) {
        return Effect.fail(
          new RequestRefused({ status: 503, code: "stopping", message: "the service is about to stop" })
        )
      }
      if (open >= most) {
        return Effect.fail(
          new RequestRefused({
            status: 503,
            code: "busy",
            message: `${most} streams are open already`,
            remedy: "close one, or ask for pages (Accept: application/json)",
            headers: { "retry-after": "10" }
          })
        )
      }
      open += 1
      return Effect.void
    }),
    () => Effect.sync(() => void (open -= 1))
  )

  /** `from`: the place at which it begins, where that is known before anything is said. */
  const answer = (
    form: Exclude<Form, "json">,
    { headers }: HttpServerRequest.HttpServerRequest,
    said: Stream.Stream<Said, SchedulerError>,
    from?: string
  ) => {
    const write = written(form)
    let place = from
    const begin = form === "sse" ? `retry: ${COME_AGAIN_MS}\n${place === undefined ? "" : `id: ${place}\n`}\n` : ""
    const beat = (): string => {
      if (form === "sse") return `: still here\n${place === undefined ? "" : `id: ${place}\n`}\n`
      return place === undefined ? "\n" : write({ id: place })
    }
    const beats = Stream.map(Stream.drop(Stream.tick(HEARTBEAT), 1), () => BEAT)
    const shutOut = Effect.repeat(
      Effect.delay(
        Effect.sync(() => mayStay(headers)),
        HEARTBEAT
      ),
      {
        while: (stays) => stays
      }
    )
    // A place is reached once what stands there goes out, and not before: whoever comes back to it has had all until there.
    const body = Stream.merge(said, beats, { haltStrategy: "left" }).pipe(
      Stream.map((one) => {
        if (one === BEAT) return beat()
        place = one.id ?? place
        return one.data === undefined ? "" : write(one)
      }),
      Stream.catch((error) => Stream.make(ending(form, error))),
      Stream.interruptWhen(Effect.raceFirst(Deferred.await(stopping), shutOut)),
      (rest) => Stream.concat(Stream.make(begin), rest),
      Stream.filter((text) => text !== ""),
      Stream.encodeText
    )
    return HttpServerResponse.stream(body, {
      contentType: TYPES[form],
      headers: { "cache-control": "no-cache", "x-accel-buffering": "no" }
    })
  }

  /** Events from the log: as a stream, or a page. */
  const events = Effect.fnUntraced(function* (
    door: FrontDoor,
    http: HttpServerRequest.HttpServerRequest,
    request: Readonly<Record<string, unknown>>
  ): Effect.fn.Return<HttpServerResponse.HttpServerResponse, SchedulerError | RequestRefused, Scope.Scope> {
    const form = formOf(http.headers["accept"], ["sse", "ndjson", "json"])
    if (form instanceof RequestRefused) return yield* form
    const wrong = noSuchEvent(request["patterns"])
    if (wrong !== undefined) return yield* wrong
    if (form === "json") {
      const page = yield* door.eventPage(request)
      return HttpServerResponse.jsonUnsafe(page, { headers: { "cache-control": "no-store" } })
    }
    if (request["limit"] !== undefined) {
      return yield* new Refused({
        code: "invalidRequest",
        message: "a stream has no limit",
        hint: "leave limit out, or ask for a page (Accept: application/json)"
      })
    }
    yield* line
    const last = http.headers["last-event-id"]
    const { first, rest } = yield* door.eventPages({ ...request, ...(last === undefined ? {} : { cursor: last }) })
    // What comes at once lies behind the place that was asked for; behind none, the stream begins without one.
    const asked = last ?? request["cursor"]
    const from = first.items.length === 0 ? first.cursor : typeof asked === "string" ? asked : undefined
    const saidOf = ({ cursor, items }: EventPageAnswer): ReadonlyArray<Said> => [
      ...items.map((event) => ({ id: event.id, data: event })),
      // What was looked through and not wanted need not be looked through again.
      ...(items.at(-1)?.id === cursor ? [] : [{ id: cursor }])
    ]
    const said = Stream.concat(Stream.make(first), rest).pipe(Stream.map(saidOf), Stream.flattenIterable)
    return answer(form, http, said, from)
  })

  /** What is published from now on. */
  const live = Effect.fnUntraced(function* (
    door: FrontDoor,
    http: HttpServerRequest.HttpServerRequest,
    { patterns = ["scheduler.task.*"] }: { readonly patterns?: ReadonlyArray<string> }
  ): Effect.fn.Return<HttpServerResponse.HttpServerResponse, SchedulerError | RequestRefused, Scope.Scope> {
    const form = formOf(http.headers["accept"], ["sse", "ndjson"])
    if (form instanceof RequestRefused || form === "json") return yield* form as RequestRefused
    const foreign = patterns.find((pattern) => !/^scheduler\.[A-Za-z0-9_.*>@:-]+$/.test(pattern))
    if (foreign !== undefined || patterns.length > 16) {
      return yield* new RequestRefused({
        status: 400,
        code: "invalidRequest",
        message:
          foreign === undefined ? "at most 16 patterns are taken" : `${JSON.stringify(foreign)} is no public subject`,
        place: "query patterns",
        value: (foreign ?? "").slice(0, 100),
        remedy: "such as scheduler.task.*, scheduler.task.progress or scheduler.notification.*"
      })
    }
    yield* line
    const heard = yield* Effect.forEach(patterns, (pattern) => door.subscribe(pattern))
    const said = Stream.mergeAll(heard, { concurrency: "unbounded" }).pipe(
      Stream.map((event: AnnouncedEvent): Said => ({ data: event }))
    )
    return answer(form, http, said)
  })

  /** What an execution writes, until it has ended. */
  const output = Effect.fnUntraced(function* (
    door: FrontDoor,
    http: HttpServerRequest.HttpServerRequest,
    { id }: { readonly id: string }
  ): Effect.fn.Return<HttpServerResponse.HttpServerResponse, SchedulerError | RequestRefused, Scope.Scope> {
    const form = formOf(http.headers["accept"], ["sse", "ndjson"])
    if (form instanceof RequestRefused || form === "json") return yield* form as RequestRefused
    const { executionId } = yield* door.execution({ id })
    yield* line
    const pieces = Stream.map(door.output(executionId), (piece): Said => ({ event: "output", data: piece }))
    const look = door.execution({ id: executionId })
    const ended = look.pipe(
      Effect.tap((execution) => (goesOn(execution) ? Effect.sleep(LOOK_MS) : Effect.void)),
      Effect.repeat({ until: (execution) => !goesOn(execution) })
    )
    const end = Stream.map(Stream.fromEffect(ended), (execution) => Option.some(execution))
    const said = Stream.merge(
      Stream.map(pieces, (one) => ({ one, over: undefined })),
      Stream.map(end, (over) => ({ one: undefined, over: Option.getOrUndefined(over) }))
    ).pipe(
      Stream.takeUntil(({ over }) => over !== undefined),
      Stream.map(({ one, over }): Said => one ?? { event: "end", data: over })
    )
    return answer(form, http, said)
  })

  return { events, live, output }
}

const goesOn = ({ status }: TaskExecution): boolean =>
  status === "queued" || status === "running" || status === "retrying"

/** Why a stream ends before its time, as its last word. */
const ending = (form: Exclude<Form, "json">, error: SchedulerError): string => {
  const { body } = answerOf(error)
  const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : "{}"
  return form === "sse" ? block({ event: "problem", data: text }) : `${JSON.stringify({ problem: JSON.parse(text) })}\n`
}
