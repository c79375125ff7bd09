/** Calendars of excluded days, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Info {
  readonly task: { readonly nextRunAt: string | null; readonly exclude: ReadonlyArray<string> }
  readonly nextRuns: ReadonlyArray<{ readonly at: string }>
}
interface Calendar {
  readonly calendar: string
  readonly days: ReadonlyArray<string>
  readonly revision: number
}

const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const set = (...days: ReadonlyArray<string>) => nagatha.json("calendar", "set", "closed", ...days)
const info = () => nagatha.json<Info>("info", "noon")
const nextRun = (day: string) =>
  eventually("the task has moved", info, ({ task }) => task.nextRunAt === `${day}T12:00:00.000Z`)

describe("a task that excludes the days of a calendar", () => {
  it("follows the calendar at once, in other processes and over restarts", async () => {
    await set("2099-01-01", "2099-01-02")
    const scheduled = await nagatha.json<{ readonly nextRuns: Info["nextRuns"] }>(
      "schedule",
      "notification",
      "every day at noon from 2099-01-01",
      "--message=hello",
      "--timezone=UTC",
      "--exclude=closed",
      "--id=noon"
    )
    assert.strictEqual(scheduled.nextRuns[0]?.at, "2099-01-03T12:00:00.000Z")
    assert.deepStrictEqual((await nextRun("2099-01-03")).task.exclude, ["closed"])

    await set("2099-01-01..2099-01-04")
    const moved = await nextRun("2099-01-05")
    assert.strictEqual(moved.nextRuns[0]?.at, "2099-01-05T12:00:00.000Z")

    await nagatha.killAll()
    await nagatha.up()
    const [calendar] = await nagatha.json<ReadonlyArray<Calendar>>("calendar", "list")
    assert.deepStrictEqual(calendar?.days, ["2099-01-01..2099-01-04"])
    assert.strictEqual(calendar?.revision, 2)
    await set("2099-01-01")
    await nextRun("2099-01-02")

    await nagatha.json("calendar", "remove", "closed")
    await nextRun("2099-01-01")
  }, 120_000)
  it("is refused with the names that there are when the calendar is not known", async () => {
    await nagatha.json("calendar", "set", "holidays", "12-25")
    const refused = await nagatha.run([
      "schedule",
      "notification",
      "daily at 9",
      "--message",
      "x",
      "--exclude",
      "holiday"
    ])
    assert.strictEqual(refused.code, 4)
    assert.include(refused.stderr, "holidays")
    const wrong = await nagatha.run(["calendar", "set", "holidays", "christmas"])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, '"christmas" is no day')
  }, 60_000)
})
