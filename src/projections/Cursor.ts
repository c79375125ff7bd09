/**
 * Where a page ended: the place of its last row in the order that was asked for, and the row's number where several have
 * the same. The next page begins behind it, whatever has changed meanwhile: a row that keeps its place is seen exactly once.
 */
import { Effect } from "effect"
import { InvalidCursor } from "./Queries.ts"

/** The values of the columns of an order, then the number of the row. */
export type Key = ReadonlyArray<string | number>

const isPart = (value: unknown): value is string | number =>
  typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value))

export const encode = (order: string, key: Key): string =>
  Buffer.from(JSON.stringify([order, ...key])).toString("base64url")

/** The key in a cursor; refused where the cursor is of another order, or none of ours. */
export const decode = (cursor: string, order: string, columns: number): Effect.Effect<Key, InvalidCursor> =>
  Effect.suspend(() => {
    try {
      const [of, ...key]: ReadonlyArray<unknown> = JSON.parse(Buffer.from(cursor, "base64url").toString())
      if (of === order && key.length === columns + 1 && key.every(isPart) && typeof key.at(-1) === "number") {
        return Effect.succeed(key)
      }
    } catch {
      // It is no cursor: told below.
    }
    return Effect.fail(new InvalidCursor({ cursor }))
  })
