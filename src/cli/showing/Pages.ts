/** All pages of a read, up to a number of items: together, or each as it comes. */
import { Effect } from "effect"
import type { SchedulerError } from "../../Scheduler.ts"

const LARGEST_PAGE = 1000

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string
}

interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly nextCursor: string | null
  /** Of a moment before the log began. */
  readonly logBegins?: string | null
}

/** Reads page after page until there is no more, or `limit` items were there; each is given to `use` as it comes. */
export const eachPage = Effect.fnUntraced(function* <Item, E, R>(
  limit: number,
  page: (request: PageRequest) => Effect.Effect<Page<Item>, SchedulerError>,
  use: (items: ReadonlyArray<Item>) => Effect.Effect<void, E, R>
) {
  let seen = 0
  let cursor: string | null = null
  do {
    const request: PageRequest = {
      limit: Math.min(LARGEST_PAGE, limit - seen),
      ...(cursor === null ? {} : { cursor })
    }
    const read = yield* page(request)
    yield* use(read.items)
    seen += read.items.length
    cursor = read.nextCursor
  } while (cursor !== null && seen < limit)
})

/** All of them at once. */
export const allPages = Effect.fnUntraced(function* <Item>(
  limit: number,
  page: Parameters<typeof eachPage<Item, never, never>>[1]
) {
  const items: Array<Item> = []
  yield* eachPage(limit, page, (read) => Effect.sync(() => void items.push(...read)))
  return items
})
