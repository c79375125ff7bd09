/**
 * Publishing to a stream with the server's answer read in full: stored, refused with a code, or lost (it may be stored).
 */
import type { Msg, MsgHdrs } from "@nats-io/transport-node"
import { Effect } from "effect"
import { isNoResponders, Lost, type NatsConnection, reasonOf } from "./NatsConnection.ts"
import { writePrefixOf, writeSubject } from "./WriteSubjects.ts"

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

/** Publishes into one stream. Messages name the subject under which they are stored; where to send them is found out. */
export interface Publisher {
  publish(message: Message): Effect.Effect<Published>
  /** Publishes all in order, without waiting in between; the outcomes are in the same order. */
  publishAll(messages: ReadonlyArray<Message>): Effect.Effect<ReadonlyArray<Published>>
  /**
   * Publishes all in order and asks for one answer, to the last: the server takes the messages of a connection in order,
   * so when that one is stored the others were taken before it. Cheaper than an answer to each; whoever uses it must be
   * able to find a gap and fill it.
   */
  publishGroup(messages: ReadonlyArray<Message>): Effect.Effect<Published>
}

export const publisherOf = (nats: NatsConnection["Service"], stream: string): Publisher => {
  const { jsm, subjects } = nats
  /** What stands before the stored subject when it is sent; null while that is not known. */
  let writePrefix: string | null = null

  const learn = Effect.tryPromise({
    try: async () => writePrefixOf((await jsm.streams.info(stream)).config, subjects),
    catch: (cause) => new Lost(`stream ${stream} cannot be written: ${reasonOf(cause)}`, false)
  })

  const send = (prefix: string, message: Message, done: (outcome: Published) => void) =>
    nats.request(
      writeSubject(prefix, message.subject, subjects),
      message.payload,
      (reply) => {
        // Nobody takes it there: the stream may have been made anew, to be written elsewhere.
        if (!(reply instanceof Lost) && isNoResponders(reply)) writePrefix = null
        done(read(reply))
      },
      message.headers
    )

  /** Runs `go` with the prefix; `lost` says how it ends when that cannot be found out. */
  const knowing = <A>(go: (prefix: string) => Effect.Effect<A>, lost: (why: Lost) => A): Effect.Effect<A> =>
    Effect.suspend(() =>
      writePrefix !== null
        ? go(writePrefix)
        : Effect.matchEffect(learn, {
            onFailure: (why) => Effect.succeed(lost(why)),
            onSuccess: (prefix) => {
              writePrefix = prefix
              return go(prefix)
            }
          })
    )

  const publishOne = (prefix: string, message: Message) =>
    Effect.callback<Published>((resume) => send(prefix, message, (outcome) => resume(Effect.succeed(outcome))))

  return {
    publish: (message) =>
      knowing(
        (prefix) => publishOne(prefix, message),
        (why): Published => why
      ),
    publishAll: (messages) =>
      knowing(
        (prefix) =>
          Effect.callback<ReadonlyArray<Published>>((resume) => {
            const outcomes: Array<Published> = []
            let open = messages.length
            if (open === 0) return resume(Effect.succeed(outcomes))
            for (const [index, message] of messages.entries()) {
              send(prefix, message, (outcome) => {
                outcomes[index] = outcome
                open -= 1
                if (open === 0) resume(Effect.succeed(outcomes))
              })
            }
          }),
        (why) => messages.map(() => why)
      ),
    publishGroup: (messages) =>
      knowing(
        (prefix) => {
          const last = messages.at(-1)
          if (last === undefined) return Effect.succeed(new Lost("nothing was sent", false))
          for (const { headers, payload, subject } of messages.slice(0, -1)) {
            nats.send(writeSubject(prefix, subject, subjects), payload, headers)
          }
          return publishOne(prefix, last)
        },
        (why): Published => why
      )
  }
}
