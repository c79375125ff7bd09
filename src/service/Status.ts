/** How a refusal is told in a number, whatever carries it: over NATS and over HTTP the same. */
import type { Refused } from "../actors/door/TaskRequest.ts"

/** HTTP-like numbers for the codes of `Refused`; 400 for those that say that the request is wrong. */
const STATUS: Readonly<Record<string, number>> = {
  notFound: 404,
  ambiguousId: 409,
  idInUse: 409,
  alreadyCancelled: 409,
  ended: 409,
  notEnded: 409,
  notOver: 409,
  notPaused: 409,
  succeeded: 409,
  alreadyRetried: 409,
  nothingToRevert: 409,
  nothingWaits: 409,
  nothingFailed: 409,
  revisionConflict: 409,
  tooMany: 409,
  partitionHalted: 409,
  notAcceptable: 409,
  notHalted: 409,
  tooLarge: 413,
  keyReused: 422,
  answerTooLarge: 500,
  behind: 503,
  busy: 503,
  rebuilding: 503,
  internal: 500,
  notUnderstood: 501
}

export const statusOf = ({ code }: Pick<Refused, "code">): number => STATUS[code] ?? 400
