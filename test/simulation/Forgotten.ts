/** Attempts whose turn came a while ago, which no limit holds back, and which nobody will ever take. */
import type { Rate } from "../../src/events/Rate.ts"
import type { World } from "./World.ts"

/** An attempt that has not been offered so long after its turn is forgotten, milliseconds. */
const FORGOTTEN_MS = 12_000
/** A limit may just now have found room, milliseconds. */
const SLACK_MS = 1000

/** Whether a limit of a queue, or of a key in it, lets nothing begin just now. */
const isHeld = ({ grants, ledger, time }: World, queue: string, key: string | undefined): boolean => {
  const { isPaused, limits } = ledger.queueAt(queue)
  const keyOf = (executionId: string) => ledger.tasks.get(ledger.taskOf(executionId) ?? "")?.definition.concurrencyKey
  const all = grants.filter((grant) => grant.queue === queue)
  const isFull = (begun: typeof all, concurrency: number | undefined, rate: Rate | undefined) => {
    const open = new Set(begun.map(({ executionId }) => executionId).filter((id) => ledger.open.has(id)))
    const starts = begun.filter(({ grantedAt }) => rate !== undefined && grantedAt > time.now - rate.perMs - SLACK_MS)
    return open.size >= (concurrency ?? Infinity) || starts.length >= (rate?.count ?? Infinity)
  }
  return (
    isPaused ||
    isFull(all, limits.concurrency, limits.rate) ||
    (key !== undefined &&
      isFull(
        all.filter(({ executionId }) => keyOf(executionId) === key),
        limits.keyConcurrency,
        limits.keyRate
      ))
  )
}

export const forgotten = (world: World): ReadonlyArray<string> => {
  const { ledger, runs, server, time } = world
  const before = time.now - FORGOTTEN_MS
  // As long as something is in line, owners may hold back what comes after it.
  if (server.waiting > 0) return []
  const running = new Set(
    runs.flatMap(({ attempt, endedAt, executionId }) => (endedAt === null ? [`${executionId}#${attempt}`] : []))
  )
  return [...ledger.open].flatMap(([id, taskId]) => {
    const task = ledger.tasks.get(taskId)
    const events = task?.events.filter(({ event }) => "executionId" in event && event.executionId === id)
    const due = events?.find(({ event }) => event.type === "due")?.event
    const newest = events?.findLast(({ event }) => event.type === "due" || event.type === "retry")
    if (newest === undefined || due?.type !== "due" || due.buffered === true) return []
    const { event, storedAt } = newest
    // What is late and has not begun lets go first whatever is on time.
    if (due.paced === true && event.type === "due") return []
    const type = due.stepType ?? due.taskType
    const since = event.type === "retry" ? Date.parse(event.nextAttemptAt) : storedAt
    const attempt = `${id}#${event.type === "retry" ? event.attempt + 1 : 1}`
    if (type !== "sim" || Math.max(since, storedAt) > before || running.has(attempt)) return []
    return isHeld(world, ledger.queueOf(id), task?.definition.concurrencyKey) ? [] : [attempt]
  })
}
