/**
 * What is heard outside, in memory: everything that is published on a subject reaches those who listen at that moment,
 * in order; what comes before somebody listens he never hears.
 */
import { Effect, PubSub, type Scope, Stream } from "effect"

interface Published {
  readonly subject: string
  readonly body: unknown
}

export interface PublicFeed {
  /** `body` is JSON. */
  publish(subject: string, body: unknown): void
  /** From the moment that the effect has run; `*` stands for one token, `>` for the rest. */
  subscribe(pattern: string): Effect.Effect<Stream.Stream<unknown>, never, Scope.Scope>
}

/** Whether a NATS subject is one of a pattern. */
export const matches = (pattern: string, subject: string): boolean => {
  const wanted = pattern.split(".")
  const tokens = subject.split(".")
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return tokens.length > index
    if (tokens[index] === undefined || (token !== "*" && token !== tokens[index])) return false
  }
  return wanted.length === tokens.length
}

export const make: Effect.Effect<PublicFeed> = Effect.map(PubSub.unbounded<Published>(), (published) => ({
  publish: (subject, body) => void PubSub.publishUnsafe(published, { subject, body }),
  subscribe: (pattern) =>
    Effect.map(PubSub.subscribe(published), (subscription) =>
      Stream.fromSubscription(subscription).pipe(
        Stream.filter(({ subject }) => matches(pattern, subject)),
        // Each hearer has a body of its own: nobody changes what another hears.
        Stream.map(({ body }) => structuredClone(body))
      )
    )
}))
