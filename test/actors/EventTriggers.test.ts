/** Tasks that the ends of others start, on the real actors over a log in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Stream } from "effect"
import { Announcements } from "../../src/actors/Announcements.ts"
import { Calendars } from "../../src/actors/Calendars.ts"
import { Queues } from "../../src/actors/Queues.ts"
import type { CommandAnswer, Envelope } from "../../src/actors/Envelope.ts"
import * as EventTriggers from "../../src/actors/EventTriggers.ts"
import { Partitions } from "../../src/actors/Partitions.ts"
import type { TaskCommand } from "../../src/actors/task/Task.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { MAX_CHAIN } from "../../src/events/Message.ts"
import { partitionOf } from "../../src/events/Partition.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import * as Settings from "../../src/Settings.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import type { Outcome } from "../../src/work/Work.ts"
import { definition, done } from "../support/task.ts"

const after = (tasks: ReadonlyArray<string>, on: "success" | "failure" | "end" = "success") =>
  ({ kind: "after", tasks, on }) as const

const broken: Outcome = { outcome: "failedForGood", error: { code: "exitCode", message: "exited with 1" } }

/** A node on the log that is there: owns all partitions; with `triggers` it starts tasks by events. */
const node = (nodeId: string, triggers: boolean) => {
  const owner = Partitions.layer(nodeId).pipe(
    Layer.provide([Announcements.layerMemory, WorkQueue.layerMemory, Calendars.layer(nodeId), Queues.layer(nodeId)])
  )
  return Layer.fresh(triggers ? EventTriggers.layer.pipe(Layer.provideMerge(owner)) : owner)
}

const command = (task: TaskCommand) =>
  Effect.gen(function* () {
    const partitions = yield* Partitions
    const { partitions: count } = yield* Settings.Current
    const answer = yield* Deferred.make<CommandAnswer>()
    partitions.submit(partitionOf(task.taskId, count), {
      _tag: "command",
      command: task,
      reply: (given) => Deferred.doneUnsafe(answer, Exit.succeed(given))
    })
    return yield* Deferred.await(answer)
  })

let commands = 0
const causedBy = () => ({ commandId: `c${(commands += 1)}`, actor: "test" })
const schedule = (taskId: string, recurrence: TaskDefinition["recurrence"], changes: Partial<TaskDefinition> = {}) =>
  command({
    type: "schedule",
    taskId,
    definition: definition({ recurrence, overlap: "bufferAll", ...changes }),
    tzdata: "2026a",
    causedBy: causedBy()
  })
const far = { kind: "once", at: fromMillis(Date.parse("2999-01-01T00:00:00.000Z")) } as const
const run = (taskId: string) => command({ type: "run", taskId, fromStep: undefined, causedBy: causedBy() })

/** All events so far and to come. */
const events = Effect.map(EventLog, (log) =>
  log.follow(0).pipe(Stream.flatMap(({ commit }) => Stream.fromIterable(commit.events)))
)

/** Carries out whatever becomes due; a task whose id begins with `bad` fails. */
const working = Effect.gen(function* () {
  const partitions = yield* Partitions
  const { partitions: count } = yield* Settings.Current
  const at = fromMillis(Date.parse("2026-03-02T09:00:00.000Z"))
  const work = ({ attempt, executionId, taskId }: Extract<TaskEvent, { readonly type: "due" }>) =>
    Effect.gen(function* () {
      const claimed = yield* Deferred.make<void>()
      const one = { taskId, executionId, attempt, worker: "w1" }
      partitions.submit(partitionOf(taskId, count), {
        _tag: "claims",
        claims: [one],
        reply: () => Deferred.doneUnsafe(claimed, Exit.void)
      })
      yield* Deferred.await(claimed)
      partitions.submit(partitionOf(taskId, count), {
        _tag: "reports",
        reports: [{ ...one, startedAt: at, finishedAt: at, outcome: taskId.startsWith("bad") ? broken : done }],
        reply: () => {}
      })
    })
  yield* (yield* events).pipe(
    Stream.filter((event) => event.type === "due"),
    Stream.runForEach(work),
    (loop) => Effect.forkScoped(loop)
  )
})

/** Events of the log until one of a kind of a task comes. */
const until = (taskId: string, type: TaskEvent["type"]) =>
  Effect.gen(function* () {
    const seen: Array<TaskEvent> = []
    yield* (yield* events).pipe(
      Stream.tap((event) => Effect.sync(() => seen.push(event))),
      Stream.filter((event) => event.taskId === taskId && event.type === type),
      Stream.runHead
    )
    return seen
  })

const outcomes = (all: ReadonlyArray<TaskEvent>) =>
  all.flatMap((event) =>
    event.type === "success" || event.type === "failure" ? [`${event.taskId} ${event.type} ${event.chain ?? 0}`] : []
  )

const world = (name: string, body: Effect.Effect<void, unknown, EventLog | Partitions>) =>
  it.live(name, () =>
    Effect.scoped(Effect.andThen(working, body)).pipe(
      Effect.provide(node("n1", true), { local: true }),
      Effect.provide(EventLog.layerMemory, { local: true })
    )
  )

describe("tasks after others", () => {
  world(
    "run one after the other, each told what has ended",
    Effect.gen(function* () {
      yield* schedule("first", far)
      yield* schedule("second", after(["first"]))
      yield* schedule("third", after(["second"], "end"))
      yield* run("first")
      const seen = yield* until("third", "success")
      assert.deepStrictEqual(outcomes(seen), ["first success 0", "second success 1", "third success 2"])
      const due = seen.find((event) => event.type === "due" && event.taskId === "third")
      const message = due?.type === "due" ? due.message : undefined
      assert.strictEqual(message?.subject, "scheduler.task.success")
      assert.deepInclude(message?.data, { type: "scheduler.task.success", taskId: "second", version: 1 })
    })
  )

  world(
    "tell success from failure, and hear no steps and nothing of their own",
    Effect.gen(function* () {
      yield* schedule("bad", far)
      yield* schedule("good", far)
      yield* schedule("onFailure", after(["bad", "good"], "failure"))
      yield* schedule("onSuccess", after(["bad", "good"]))
      yield* schedule("alarm", { kind: "subject", subject: "scheduler.task.failure" })
      yield* schedule("end", after(["alarm"]))
      yield* run("bad")
      yield* until("end", "success")
      yield* run("good")
      const seen = yield* until("onSuccess", "success")
      assert.deepStrictEqual(outcomes(seen).toSorted(), [
        "alarm success 1",
        "bad failure 0",
        "end success 2",
        "good success 0",
        "onFailure success 1",
        "onSuccess success 1"
      ])
    })
  )

  world(
    "that start each other end with a decision that says why",
    Effect.gen(function* () {
      yield* schedule("ping", after(["pong"]))
      yield* schedule("pong", after(["ping"]))
      yield* run("ping")
      const seen = yield* until("pong", "skipped")
      const skipped = seen.at(-1)
      assert.strictEqual(skipped?.type === "skipped" ? skipped.reason : "", "chain")
      assert.strictEqual(outcomes(seen).length, MAX_CHAIN + 1)
    })
  )
})

it.live("a task whose owner learns late that it is stored is started by what has ended meanwhile", () =>
  Effect.gen(function* () {
    const known = yield* Deferred.make<void>()
    const { partitions: count } = yield* Settings.Current
    const slow = partitionOf("late", count)
    const other = ["early", "soon", "next"].find((taskId) => partitionOf(taskId, count) !== slow) ?? ""
    const log = Layer.effect(
      EventLog,
      Effect.map(EventLog, (memory) => ({
        ...memory,
        append: (head: Parameters<typeof memory.append>[0], json: ReadonlyArray<string>) =>
          Effect.tap(memory.append(head, json), () => (head.partition === slow ? Deferred.await(known) : Effect.void))
      }))
    ).pipe(Layer.provide(EventLog.layerMemory))
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* working
        const first = ["first", "one", "begin"].find((taskId) => partitionOf(taskId, count) !== slow) ?? ""
        yield* Effect.forkScoped(schedule("late", after([first])), { startImmediately: true })
        yield* until("late", "scheduled")
        yield* schedule(other, after([first]))
        yield* schedule(first, far)
        yield* run(first)
        yield* until(other, "success")
        yield* Deferred.done(known, Exit.void)
        const seen = yield* until("late", "success")
        assert.strictEqual(seen.filter((event) => event.type === "due" && event.taskId === "late").length, 1)
      })
    ).pipe(Effect.provide(node("n1", true), { local: true }), Effect.provide(log, { local: true }))
  })
)

it.live("what ended while nobody could start anything starts it once, however often nodes begin anew", () =>
  Effect.gen(function* () {
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* working
        yield* schedule("first", far)
        yield* schedule("second", after(["first"]))
        yield* run("first")
        yield* until("first", "success")
      })
    ).pipe(Effect.provide(node("n1", false), { local: true }))
    for (const nodeId of ["n2", "n3"]) {
      yield* Effect.scoped(Effect.andThen(working, until("second", "success"))).pipe(
        Effect.provide(node(nodeId, true), { local: true })
      )
    }
    const seen = yield* Effect.scoped(
      Effect.gen(function* () {
        yield* working
        yield* schedule("mark", after(["first"]))
        yield* run("first")
        return yield* until("mark", "success")
      })
    ).pipe(Effect.provide(node("n4", true), { local: true }))
    const dues = seen.flatMap((event) => (event.type === "due" && event.taskId === "second" ? [event.executionId] : []))
    assert.strictEqual(new Set(dues).size, dues.length)
    assert.isAtMost(dues.length, 2)
  }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
)

/** The owner of all partitions, whose decisions about messages are told only when the test says so. */
const slow = (undecided: Array<() => void>) =>
  Layer.effect(
    Partitions,
    Effect.map(Partitions, (owner) => ({
      ...owner,
      submit: (partition: number, envelope: Envelope) =>
        owner.submit(
          partition,
          envelope._tag === "command" && envelope.command.type === "fire"
            ? { ...envelope, reply: (answer: CommandAnswer) => undecided.push(() => envelope.reply(answer)) }
            : envelope
        )
    }))
  ).pipe(Layer.provide(node("n1", false)))

describe("an event that starts many tasks", () => {
  it.live("leaves room for those who report: so many wait for a decision, the others for them", () => {
    const undecided: Array<() => void> = []
    const started = (seen: ReadonlyArray<TaskEvent>) =>
      seen.filter((event) => event.type === "due" && event.taskId.startsWith("follower")).length
    return Effect.gen(function* () {
      yield* schedule("first", far)
      const followers = Array.from({ length: 3 * EventTriggers.UNDECIDED }, (_, index) => `follower${index}`)
      for (const taskId of followers) yield* schedule(taskId, after(["first"]))
      const seen: Array<TaskEvent> = []
      yield* (yield* events).pipe(
        Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
        (loop) => Effect.forkScoped(loop)
      )
      yield* run("first")
      for (let decided = 0; decided < followers.length;) {
        while (undecided.length < EventTriggers.UNDECIDED && started(seen) < followers.length) yield* Effect.yieldNow
        assert.strictEqual(undecided.length, EventTriggers.UNDECIDED)
        // All that was handed over has been decided: what is still missing waits for an answer to one of these.
        yield* schedule(`other${decided}`, far)
        assert.isAtMost(started(seen), decided + EventTriggers.UNDECIDED)
        decided += undecided.length
        for (const reply of undecided.splice(0)) reply()
      }
      while (started(seen) < followers.length) yield* Effect.yieldNow
    }).pipe(
      (body) => Effect.scoped(Effect.andThen(working, body)),
      Effect.provide(EventTriggers.layer.pipe(Layer.provideMerge(slow(undecided))), { local: true }),
      Effect.provide(EventLog.layerMemory, { local: true })
    )
  })
})
