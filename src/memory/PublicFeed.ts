/**
 * What is heard outside, in memory: everything that is published on a subject reaches those who listen at that moment,
 * in order; what comes before somebody listens he never hears.
 */
import { Effect, PubSub, type Scope, Stream } from "effect"
import { fits } from "../service/EventPages.ts"

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

export const make: Effect.Effect<PublicFeed> = Effect.map(PubSub.unbounded<Published>(), (published) => ({
  publish: (subject, body) => void PubSub.publishUnsafe(published, { subject, body }),
  subscribe: (pattern) =>
    Effect.map(PubSub.subscribe(published), (subscription) =>
      Stream.fromSubscription(subscription).pipe(
        Stream.filter(({ subject }) => fits(pattern, subject)),
        // Each hearer has a body of its own: nobody changes what another hears.
        Stream.map(({ body }) => structuredClone(body))
      )
    )
}))
