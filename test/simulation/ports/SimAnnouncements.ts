/** Announcements of the simulated server: any part of what could not be said may have been, from its beginning on. */
import { Effect, Queue, Stream } from "effect"
import { Announcements, AnnouncingFailed } from "../../../src/actors/Announcements.ts"
import type { Dice } from "../world/Dice.ts"
import type { Link } from "../world/Link.ts"
import type { Server } from "../world/Server.ts"

const failed = ({ reason }: { readonly reason: string }) => new AnnouncingFailed({ reason })

/** Emits each time that the connection is there again. */
const disturbed = (link: Link): Stream.Stream<void> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const told = yield* Queue.unbounded<void>()
      const leave = link.onBack(() => void Queue.offerUnsafe(told, undefined))
      yield* Effect.addFinalizer(() => Effect.sync(leave))
      return Stream.fromQueue(told)
    })
  )

export interface AnnouncementsOptions {
  readonly dice: Dice
  /** Share of calls that are cut short. */
  readonly torn: () => number
  /** A planted weakness: nobody has to ask what is held after a lost connection. */
  readonly forgetful: boolean
}

export const make = (
  server: Server,
  link: Link,
  { dice, forgetful, torn }: AnnouncementsOptions
): Announcements["Service"] => {
  /** How many connections had been lost when it was last known, of each partition, what the server holds. */
  const known = new Map<number, number>()
  return Announcements.of({
    announce: (events) =>
      Effect.suspend(() => {
        for (const { partition } of events) {
          if (!forgetful && (known.get(partition) ?? link.lost) !== link.lost) {
            return Effect.fail(new AnnouncingFailed({ reason: "the connection was lost" }))
          }
          known.set(partition, link.lost)
        }
        return link
          .call<void>((reply) => {
            // The connection broke in the middle.
            if (dice.chance(torn())) return server.announce(events.slice(0, dice.between(0, events.length)))
            server.announce(events)
            reply(undefined)
          })
          .pipe(Effect.mapError(failed))
      }),
    last: (partition) =>
      Effect.suspend(() => {
        const { lost } = link
        return link
          .call<{ readonly sequence: number; readonly index: number } | null>((reply) =>
            reply(server.lastAnnounced(partition))
          )
          .pipe(
            Effect.mapError(failed),
            Effect.tap(() => Effect.sync(() => known.set(partition, lost)))
          )
      }),
    keptMs: 30 * 86_400_000,
    disturbed: disturbed(link)
  })
}
