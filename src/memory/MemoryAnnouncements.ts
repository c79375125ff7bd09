/** Announcements in memory: said on the public feed, and kept, oldest forgotten first, for those who ask for the past. */
import { Effect, Stream } from "effect"
import type { Announcements, Recorded } from "../actors/Announcements.ts"
import { bodyOf, publicEvent } from "../service/Announced.ts"
import type { AnnouncedEvent, PastEvents, PastEventsQuery } from "../service/FrontDoor.ts"
import type { PublicFeed } from "./PublicFeed.ts"

/** Events kept. */
const MOST = 100_000
/** Events of a page. */
const PAGE = 500

export interface MemoryAnnouncements {
  readonly announcements: Announcements["Service"]
  /** A page of what was said, as `PastEvents` promises; a cursor is the number of an event, from 0. */
  past(query: PastEventsQuery): PastEvents
}

export const make = (feed: PublicFeed): MemoryAnnouncements => {
  let kept: Array<AnnouncedEvent> = []
  /** Events forgotten. */
  let before = 0
  const last = new Map<number, Recorded>()
  const say = (recorded: Recorded): void => {
    last.set(recorded.partition, recorded)
    const body: AnnouncedEvent = JSON.parse(bodyOf(recorded))
    kept.push(body)
    feed.publish(publicEvent(recorded.event.type), body)
    if (kept.length < 2 * MOST) return
    before += kept.length - MOST
    kept = kept.slice(-MOST)
  }
  return {
    announcements: {
      announce: (events) =>
        Effect.sync(() => {
          for (const one of events) say(one)
        }),
      last: (partition) => Effect.sync(() => last.get(partition) ?? null),
      keptMs: Infinity,
      disturbed: Stream.never
    },
    past: ({ cursor, since, taskId }) => {
      const items: Array<AnnouncedEvent> = []
      const from = Date.parse(since)
      let at = Math.max(0, Number(cursor ?? 0) - before)
      for (; at < kept.length && items.length < PAGE; at += 1) {
        const event = kept[at]
        if (event === undefined || Date.parse(event.time) < from) continue
        if (taskId === undefined || event.taskId === taskId) items.push(event)
      }
      return { items, nextCursor: at < kept.length ? String(before + at) : null }
    }
  }
}
