/** All pages of a read, up to a number of items. */
import { Effect } from "effect"
import type { SchedulerError } from "../../Scheduler.ts"

const LARGEST_PAGE = 1000

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string
}

/** Reads page after page until there is no more, or `limit` items are there. */
export const allPages = Effect.fnUntraced(function* <Item>(
  limit: number,
  page: (
    request: PageRequest
  ) => Effect.Effect<{ readonly items: ReadonlyArray<Item>; readonly nextCursor: string | null }, SchedulerError>
) {
  const items: Array<Item> = []
  let cursor: string | null = null
  do {
    const request: PageRequest = {
      limit: Math.min(LARGEST_PAGE, limit - items.length),
      ...(cursor === null ? {} : { cursor })
    }
    const read = yield* page(request)
    items.push(...read.items)
    cursor = read.nextCursor
  } while (cursor !== null && items.length < limit)
  return items
})
