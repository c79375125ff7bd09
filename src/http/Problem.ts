/**
 * Every answer that is not what was asked for: `application/problem+json` (RFC 9457). `code` is that of the command line and
 * of the SDK, or one of those that only HTTP knows; `type` is `urn:nagatha:problem:<code>`.
 */
import { Effect, Predicate, Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { keyOf } from "../events/CommandKey.ts"
import type { SchedulerError } from "../service/FrontDoor.ts"
import { statusOf } from "../service/Status.ts"

export const Problem = Schema.Struct({
  type: Schema.String.annotate({ description: "urn:nagatha:problem:<code>" }),
  title: Schema.String.annotate({ description: "What kind of problem it is, in words; the same for all of its type" }),
  status: Schema.Int.annotate({ description: "The status of the answer" }),
  detail: Schema.String.annotate({ description: "What is wrong: the place, and the value" }),
  code: Schema.String.annotate({ description: "For programs; the same as on the command line and in the SDK" }),
  remedy: Schema.optionalKey(Schema.String.annotate({ description: "What to do about it" })),
  place: Schema.optionalKey(
    Schema.String.annotate({ description: "Where in the request, such as: header If-Match, query limit, body" })
  ),
  value: Schema.optionalKey(Schema.Json.annotate({ description: "What stood there" })),
  data: Schema.optionalKey(Schema.Json.annotate({ description: "More about it, for programs" })),
  commandId: Schema.optionalKey(
    Schema.String.annotate({ description: "Only where the outcome is unknown: ask again with this Idempotency-Key" })
  )
})
export type Problem = typeof Problem.Type

/** What HTTP itself refuses, before the service is asked. */
export class RequestRefused extends Schema.TaggedError<RequestRefused>()("RequestRefused", {
  status: Schema.Int,
  code: Schema.String,
  message: Schema.String,
  place: Schema.optionalKey(Schema.String),
  value: Schema.optionalKey(Schema.Json),
  remedy: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
}) {}

/** Kinds of problems, in words. */
export const TITLES: Readonly<Record<string, string>> = {
  invalidRequest: "The request cannot be read",
  invalidSchedule: "The words of the schedule are not understood",
  unknownTaskType: "There is no such task type",
  invalidArgs: "The arguments do not fit the task type",
  tooLarge: "The request is too large",
  notFound: "There is no such thing",
  ambiguousId: "More than one id begins so",
  idInUse: "The id is in use",
  alreadyCancelled: "The task is cancelled already",
  ended: "It is over already",
  notEnded: "It goes on",
  notOver: "The task is not over",
  notPaused: "It is not paused",
  succeeded: "It has ended well",
  alreadyRetried: "It was retried already",
  nothingFailed: "Nothing has failed",
  nothingToRevert: "There is nothing to take back",
  nothingWaits: "Nothing waits",
  revisionConflict: "Somebody else has changed it",
  tooMany: "There are too many",
  keyReused: "The key was used for another request",
  answerTooLarge: "The answer is too large",
  behind: "The answer would not be new enough yet",
  busy: "Too many ask at the same time",
  rebuilding: "The past is being read",
  internal: "The service failed",
  unreachable: "The service cannot be reached",
  outcomeUnknown: "It is not known whether it was done",
  unauthorized: "A token is needed",
  foreignHost: "This server does not answer to this name",
  foreignOrigin: "Another site may not ask this",
  methodNotAllowed: "This cannot be done here",
  noSuchForm: "This cannot be given in such a form",
  partitionHalted: "A share of the tasks is halted",
  notUnderstood: "A newer version wrote what this one does not understand",
  notHalted: "Nothing is halted",
  notAcceptable: "The log cannot be accepted as it is",
  unsupportedMediaType: "The body must be JSON",
  badRequest: "This is no request of HTTP that can be read",
  headersTooLarge: "The head of the request is too large",
  timeout: "The request did not come in time",
  stopping: "The service is about to stop"
}

/** Ask again after so many seconds. */
const RETRY_AFTER = "1"

interface Told {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

const told = (
  status: number,
  code: string,
  detail: string,
  more: Partial<Problem> = {},
  headers: Readonly<Record<string, string>> = {}
): Told => ({
  problem: {
    type: `urn:nagatha:problem:${code}`,
    title: TITLES[code] ?? "It was refused",
    status,
    detail,
    code,
    ...more
  },
  headers: status === 503 ? { "retry-after": RETRY_AFTER, ...headers } : headers
})

/** Any error as a problem; `conditional`: the request was only to be carried out on a certain revision. */
export const problemOf = (error: SchedulerError | RequestRefused, conditional = false): Told => {
  switch (error._tag) {
    case "RequestRefused": {
      const { code, headers, message, place, remedy, status, value } = error
      const more = {
        ...(remedy === undefined ? {} : { remedy }),
        ...(place === undefined ? {} : { place }),
        ...(value === undefined ? {} : { value })
      }
      return told(status, code, message, more, headers)
    }
    case "Refused": {
      const { code, detail, hint, message } = error
      const status = conditional && code === "revisionConflict" ? 412 : statusOf(error)
      const more = {
        ...(hint === undefined ? {} : { remedy: hint }),
        ...(detail === undefined ? {} : { data: detail })
      }
      return told(status, code, message, more)
    }
    case "Unreachable":
      return told(503, "unreachable", error.message, { remedy: error.hint ?? "ask again in a moment" })
    case "OutcomeUnknown":
      return told(504, "outcomeUnknown", error.message, {
        commandId: error.commandId,
        remedy:
          keyOf(error.commandId) === undefined
            ? `send the same request with "commandId": "${error.commandId}" in its body: it is carried out at most once`
            : "send the same request with the same Idempotency-Key: it is carried out at most once"
      })
  }
}

export const PROBLEM_TYPE = "application/problem+json"

/** A problem as an answer. */
export const answerOf = (error: SchedulerError | RequestRefused, conditional = false) => {
  const { headers, problem } = problemOf(error, conditional)
  return HttpServerResponse.text(JSON.stringify(problem), {
    status: problem.status,
    contentType: PROBLEM_TYPE,
    headers: { "cache-control": "no-store", ...headers }
  })
}

const isTold = (error: unknown): error is SchedulerError | RequestRefused =>
  Predicate.hasProperty(error, "_tag") &&
  ["Refused", "Unreachable", "OutcomeUnknown", "RequestRefused"].includes(String(error._tag))

/** What nobody foresaw: the log has the cause, the asker a problem without it. */
export const unforeseen = (what: string) => (cause: unknown) =>
  isTold(cause)
    ? Effect.succeed(answerOf(cause))
    : Effect.as(
        Effect.logError(`${what} failed`, cause),
        answerOf(
          new RequestRefused({
            status: 500,
            code: "internal",
            message: "the service failed to answer; its log tells why"
          })
        )
      )
