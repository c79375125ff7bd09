/**
 * Publishing to a stream with the server's answer read in full: stored, refused with a code, or lost (it may be stored).
 */
import type { Msg, MsgHdrs } from "@nats-io/transport-node"
import { Effect } from "effect"
import { isNoResponders, Lost, type NatsConnection } from "./NatsConnection.ts"

export type Published =
  | { readonly _tag: "stored"; readonly sequence: number; readonly duplicate: boolean }
  | { readonly _tag: "refused"; readonly code: number; readonly description: string }
  | Lost

/** Another message changed the subject since the guard was read. */
export const WRONG_LAST_SEQUENCE = 10071
/** With replicas: another message with this guard is on its way. */
export const GUARD_IN_FLIGHT = 10164

export interface Message {
  readonly subject: string
  readonly payload: string
  readonly headers: MsgHdrs
}

interface Answer {
  readonly seq?: number
  readonly duplicate?: boolean
  readonly error?: { readonly err_code?: number; readonly description?: string }
}

const readAnswer = (reply: Msg): Answer | null => {
  try {
    return reply.json<Answer | null>()
  } catch {
    return null
  }
}

const read = (reply: Msg | Lost): Published => {
  if (reply instanceof Lost) return reply
  if (isNoResponders(reply)) return new Lost("no stream takes this subject now")
  const answer = readAnswer(reply)
  if (answer === null) return new Lost("the server's answer cannot be read")
  if (answer.error !== undefined) {
    return { _tag: "refused", code: answer.error.err_code ?? 0, description: answer.error.description ?? "refused" }
  }
  return answer.seq === undefined
    ? new Lost("the server's answer cannot be read")
    : { _tag: "stored", sequence: answer.seq, duplicate: answer.duplicate ?? false }
}

export const publish = (nats: NatsConnection["Service"], message: Message): Effect.Effect<Published> =>
  Effect.callback<Published>((resume) => {
    nats.request(message.subject, message.payload, (reply) => resume(Effect.succeed(read(reply))), message.headers)
  })

/** Publishes all in order, without waiting in between; the outcomes are in the same order. */
export const publishAll = (
  nats: NatsConnection["Service"],
  messages: ReadonlyArray<Message>
): Effect.Effect<ReadonlyArray<Published>> =>
  Effect.callback<ReadonlyArray<Published>>((resume) => {
    const outcomes: Array<Published> = []
    let open = messages.length
    if (open === 0) return resume(Effect.succeed(outcomes))
    for (const [index, message] of messages.entries()) {
      nats.request(
        message.subject,
        message.payload,
        (reply) => {
          outcomes[index] = read(reply)
          open -= 1
          if (open === 0) resume(Effect.succeed(outcomes))
        },
        message.headers
      )
    }
  })

/**
 * Publishes all in order and asks for one answer, to the last: the server takes the messages of a connection in order, so
 * when that one is stored the others were taken before it. Cheaper than an answer to each; whoever uses it must be able to
 * find a gap and fill it.
 */
export const publishGroup = (
  nats: NatsConnection["Service"],
  messages: ReadonlyArray<Message>
): Effect.Effect<Published> =>
  Effect.suspend(() => {
    const last = messages.at(-1)
    if (last === undefined) return Effect.succeed(new Lost("nothing was sent", false))
    for (const message of messages) if (message !== last) nats.send(message.subject, message.payload, message.headers)
    return publish(nats, last)
  })
