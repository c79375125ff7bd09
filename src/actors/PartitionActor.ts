/**
 * The actor of one partition: the machine that runs the rules of `Task.ts`.
 *
 * One fibre, one mailbox. Each turn decides everything that has gathered and everything that is due, stores it as one
 * commit guarded by the last sequence that it knows, and only then applies, answers and announces it. While a commit is
 * on its way the next decisions gather (group commit). If the guard refuses, or the outcome is unknown, the staged
 * decisions are forgotten, what was missed is read from the log, and everything is decided again: a decision that had
 * been stored after all is recognised there. The log is the lock; being the owner only saves work.
 *
 * The log is read whole at the start, and held against what it must be (`History.ts`): where it is damaged, or holds what a
 * newer version wrote, there is no actor, and whoever starts it (`PartitionWriter.ts`) is told why.
 *
 * A yes is in the log before it is said. A no is said only when nothing is in the log that is not known here: an owner that
 * has been overtaken must not tell a worker to forget what another has begun, nor a client that its task is not there.
 */
import { Clock, Effect, type Exit, Fiber, Queue, Result, Schedule, Stream } from "effect"
import type { Commit, Found, RecordedCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { History } from "../events/History.ts"
import { LogWitness } from "../events/LogWitness.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../recurrence/Instant.ts"
import type { Report } from "../work/Work.ts"
import * as Settings from "../Settings.ts"
import { Agenda } from "./Agenda.ts"
import type { Recorded } from "./Announcements.ts"
import type { Announcer } from "./Announcer.ts"
import type { Listeners } from "./Listeners.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import * as Claim from "./task/Claim.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"
import type { Recall } from "./task/Recall.ts"
import * as Task from "./task/Task.ts"
import type { Envelope } from "./Envelope.ts"
import { Halted, LookAgain } from "./Halted.ts"
import { RecentEnds } from "./RecentEnds.ts"
import { Staging } from "./Staging.ts"
import { evolve } from "./task/Evolve.ts"
import { placeOf } from "./task/Placing.ts"
import { queueOf, type TaskState, wakeAt } from "./task/TaskState.ts"

export interface PartitionStats {
  readonly partition: number
  readonly logSequence: number
  readonly tasks: number
  readonly openExecutions: number
}

export interface PartitionActor {
  readonly partition: number
  /** Puts a question into the mailbox; false when it is full, or the actor has stopped (ask again). */
  submit(envelope: Envelope): boolean
  /** Sequence of the newest commit that it knows. */
  readonly logSequence: () => number
  readonly stats: () => PartitionStats
  /** Ends when the actor does: `LookAgain` when the log is not what it was. */
  readonly ended: Effect.Effect<Exit.Exit<never, LookAgain>>
  /** What was asked and not answered, once it has ended; `unsure`: some of it may be in the log all the same. */
  readonly leftovers: Effect.Effect<Leftovers>
}

export interface Leftovers {
  readonly envelopes: ReadonlyArray<Envelope>
  readonly unsure: boolean
}

export interface PartitionActorOptions {
  /** Tasks that messages start are told to these. */
  readonly listeners?: Listeners
  /** How far the log was seen to reach; default: nobody has seen anything. */
  readonly witness?: LogWitness["Service"]
  /** The newest log sequence of which something was announced; read before the log is. */
  readonly announced?: number
}

/** Questions that may wait in a mailbox; more are turned away. */
export const MAILBOX_LIMIT = 50_000

/** A task that could not be decided about is looked at again after this, milliseconds. */
const UNDECIDED_MS = 60_000

/** Commands that may need more than the owner of a task keeps of it. */
const isRecalling = ({ type }: Task.TaskCommand): boolean => type === "retry" || type === "restore" || type === "revert"

const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("1 second")])

/**
 * Starts the actor of a partition; returns when it has read the partition's log and takes questions. Fails with `Halted`
 * where that log cannot be gone on with.
 */
export const make = Effect.fnUntraced(function* (
  partition: number,
  nodeId: string,
  announcer: Announcer,
  dispatcher: Dispatcher,
  excluded: ExcludedDays,
  { announced = 0, listeners, witness = LogWitness.memory() }: PartitionActorOptions = {}
) {
  const log = yield* EventLog
  const settings = yield* Settings.Current
  const mailbox = yield* Queue.unbounded<Envelope | "wake">()
  const states = new Map<string, TaskState>()
  const agenda = new Agenda()
  const recent = new RecentEnds()
  let lastSequence = 0
  let lastHash = ""
  let commits = 0
  /** Questions taken from the mailbox that wait for their turn. */
  let rest: ReadonlyArray<Envelope> = []
  let stopped = false
  /** What became of the newest append; unknown for as long as it is on its way, or not concluded. */
  let refused: "conflict" | "unknown" | null = null
  /** The log has been read: what becomes of executions is told to the dispatcher from now on. */
  let isCurrent = false

  const put = (taskId: string, state: TaskState) => {
    if (isCurrent) dispatcher.follow(states.get(taskId), state)
    states.set(taskId, state)
    if (isCurrent) listeners?.put(partition, state)
    agenda.set(taskId, wakeAt(state, settings.startedGraceMs))
  }

  /** Wakes the tasks that exclude days: their calendars may have changed. */
  const lookAgain = (now: number) => {
    for (const [taskId, state] of states) {
      if (state._tag === "live" && state.definition.exclude !== undefined) agenda.set(taskId, now)
    }
  }

  /** Attempts that have ended count against the rates of their queues, while they began lately. */
  const remember = (event: TaskEvent, now: number) => {
    if (event.type !== "success" && event.type !== "failure" && event.type !== "retry") return
    if (event.startedAt === null || toMillis(event.startedAt) <= dispatcher.remembersFrom(now)) return
    const state = states.get(event.taskId)
    const execution =
      state?._tag === "live" ? state.executions.find((one) => one.executionId === event.executionId) : undefined
    if (state?._tag !== "live" || execution === undefined || execution.outcomes !== undefined) return
    dispatcher.remember(placeOf(state, execution), event.startedAt)
  }

  const note = (now: number) => witness.note(partition, { sequence: lastSequence, hash: lastHash, at: fromMillis(now) })

  /** Folds what the log says; a holder that is new here gets a whole lease to re-assert its claim. */
  const fold = (events: Commit["events"], sequence: number, now: number) => {
    for (const event of events) {
      if (!isCurrent) remember(event, now)
      const state = evolve(states.get(event.taskId), event, { sequence }, settings.leaseMs)
      put(event.taskId, Claim.extendAll(state, now, settings.leaseMs))
      recent.note(event, sequence)
    }
  }

  /** Reads the whole log of the partition; fails where it cannot be gone on with. */
  const begin = Effect.gen(function* () {
    const history = new History(partition, witness.seen(partition), announced)
    const look = Effect.fnUntraced(function* (found: Found) {
      const now = yield* Clock.currentTimeMillis
      const wasSound = history.sound
      const commit = history.take(found)
      if (commit === undefined) return
      // Between damage and its acceptance events may not fit each other: each is taken as far as it does.
      if (wasSound && history.sound) return fold(commit.events, found.sequence, now)
      yield* Effect.ignoreCause(Effect.sync(() => fold(commit.events, found.sequence, now)))
    })
    yield* Effect.suspend(() => Stream.runForEach(log.readAny(partition, history.end.sequence), look)).pipe(
      Effect.tapError((error) => Effect.logWarning(error.message)),
      Effect.retry(retryPolicy),
      Effect.orDie
    )
    const troubles = history.troubles()
    if (troubles.length > 0) return yield* new Halted({ partition, troubles, end: history.end })
    lastSequence = history.end.sequence
    lastHash = history.end.hash
    if (lastSequence > 0) note(yield* Clock.currentTimeMillis)
  })

  /** Applies what another has stored. */
  const apply = Effect.fnUntraced(function* (recorded: RecordedCommit) {
    const { commit, sequence } = recorded
    const now = yield* Clock.currentTimeMillis
    if (commit.previousSequence !== lastSequence || commit.previousHash !== lastHash) {
      return yield* new LookAgain({
        partition,
        reason: `the commit at log sequence ${sequence} does not follow the one before it`
      })
    }
    fold(commit.events, sequence, now)
    lastSequence = sequence
    lastHash = recorded.hash
    note(now)
  })

  /** Reads what the log holds beyond what is known, for as long as it takes. */
  const refresh = (use: (recorded: RecordedCommit) => Effect.Effect<void, LookAgain>) =>
    Effect.suspend(() => Stream.runForEach(log.read(partition, lastSequence), use)).pipe(
      Effect.tapErrorTag("LogUnavailable", (error) => Effect.logWarning(error.message)),
      Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }),
      Effect.catchTag("LogUnavailable", Effect.die),
      Effect.catchTag("UnreadableCommit", (error) => new LookAgain({ partition, reason: error.message }))
    )

  /** Says what is in the log; whoever wrote it may be gone before it could. */
  const announce = (sequence: number, events: ReadonlyArray<TaskEvent>, json: ReadonlyArray<string> = []) =>
    announcer.accept(
      events.map((event, index): Recorded => {
        const state = states.get(event.taskId)
        const text = json[index]
        return {
          partition,
          sequence,
          index,
          queue: state === undefined ? event.taskType : queueOf(state),
          event,
          ...(text === undefined ? {} : { json: text })
        }
      })
    )

  /** What has not been released yet follows a change of its task: another queue, priority or key. */
  const renewed = (before: TaskState | undefined, after: TaskState): TaskState => {
    if (before?._tag !== "live" || after._tag !== "live" || before.definition === after.definition) return after
    const back = new Set(
      after.executions
        .filter(({ attempt, executionId }) => dispatcher.takeBack(executionId, attempt))
        .map(({ executionId }) => executionId)
    )
    return Claim.reoffer(after, (executionId) => !back.has(executionId))
  }

  /** Makes staged decisions true: offers what is to be offered, sets the timers, answers, announces. */
  const conclude = (staging: Staging, now: number) => {
    refused = null
    staging.answer({ sequence: lastSequence })
    for (const [taskId, staged] of staging.states) {
      const offered = Claim.offer(renewed(states.get(taskId), staged), partition, now)
      put(taskId, offered.state)
      if (offered.offers.length > 0) dispatcher.offer(offered.offers)
    }
    for (const event of staging.events) recent.note(event, lastSequence)
    dispatcher.release()
    if (staging.events.length > 0) announce(lastSequence, staging.events, staging.json)
  }

  const store = Effect.fnUntraced(function* (staging: Staging, now: number) {
    commits += 1
    const head = {
      commitId: `${nodeId}.${partition}.${commits}`,
      partition,
      time: fromMillis(now),
      previousSequence: lastSequence,
      previousHash: lastHash
    }
    refused = "unknown"
    const outcome = yield* Effect.orDie(log.append(head, staging.json))
    if (outcome._tag !== "stored") {
      refused = outcome._tag
      if (outcome._tag === "unknown")
        yield* Effect.logDebug(`partition ${partition}: append unknown: ${outcome.reason}`)
      return false
    }
    lastSequence = outcome.sequence
    lastHash = outcome.hash
    note(now)
    return true
  })

  /**
   * Reads what decisions about these need from the log. Nothing is decided by it: it is decided again on what was read,
   * and by whoever decides it after a conflict.
   */
  const recalled = Effect.fnUntraced(function* (envelopes: ReadonlyArray<Envelope>, now: number) {
    const read = new Map<number, ReadonlyArray<TaskEvent>>()
    const recall: Recall = { events: (sequence) => read.get(sequence), ended: (id) => recent.ended(id) }
    const commands = envelopes.flatMap((one) =>
      one._tag === "command" && isRecalling(one.command) ? [one.command] : []
    )
    const asked = new Set(commands.map(({ taskId }) => taskId))
    for (const command of commands) {
      for (;;) {
        const decided = Task.decide(states.get(command.taskId), command, now, excluded, recall)
        if (Result.isFailure(decided) || decided.success._tag !== "unread") break
        const { sequence } = decided.success
        const commit = yield* log.at(partition, sequence).pipe(
          Effect.tapError((error) => Effect.logWarning(error.message)),
          Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }),
          Effect.catchTag("LogUnavailable", Effect.die),
          // Damage that was accepted: what stood there is lost.
          Effect.catchTag("UnreadableCommit", () => Effect.succeed(null))
        )
        read.set(sequence, commit?.commit.events.filter(({ taskId }) => asked.has(taskId)) ?? [])
      }
    }
    return recall
  })

  /** Reads and announces what others have stored; whether there was any. */
  const missed = Effect.suspend(() => {
    const before = lastSequence
    return refresh((recorded) =>
      Effect.tap(apply(recorded), () => Effect.sync(() => announce(recorded.sequence, recorded.commit.events)))
    ).pipe(Effect.map(() => lastSequence !== before))
  })

  /** The guard refuses, and nothing new is there: then what is known to be the newest commit must be. */
  const holds = Effect.gen(function* () {
    const newest = yield* log
      .at(partition, lastSequence)
      .pipe(Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }), Effect.result)
    const isThere = Result.isSuccess(newest) && newest.success?.hash === lastHash
    if (lastSequence === 0 || isThere) return
    return yield* new LookAgain({
      partition,
      reason: `the commit at log sequence ${lastSequence}, its newest, is not there any more`
    })
  })

  /** One turn: decides all of `envelopes` and all that is due; returns what did not fit into the commit. */
  const turn = Effect.fnUntraced(function* (envelopes: ReadonlyArray<Envelope>) {
    const now = yield* Clock.currentTimeMillis
    const recall = yield* recalled(envelopes, now)
    const reported = (report: Report) => recent.holds(report)
    const staging = new Staging(states, {
      rules: settings,
      excluded,
      recall,
      reported,
      admit: (executionId, attempt, place) => dispatcher.admit(executionId, attempt, place, now),
      maxBytes: log.maxCommitBytes,
      now
    })
    let taken = 0
    for (const envelope of envelopes) {
      if (staging.full || staging.leftover !== null || !staging.take(envelope)) break
      taken += 1
    }
    const due = staging.full ? [] : agenda.takeDue(now, settings.maxTurn)
    const unfit = due.filter((taskId) => !staging.wake(taskId))
    const nothing = staging.events.length === 0
    if (nothing ? staging.denies && (yield* missed) : !(yield* store(staging, now))) {
      if (!nothing && !(yield* missed) && refused === "conflict") yield* holds
      for (const taskId of due) {
        const state = states.get(taskId)
        if (state !== undefined) agenda.set(taskId, wakeAt(state, settings.startedGraceMs))
      }
      return envelopes
    }
    conclude(staging, now)
    for (const taskId of unfit) agenda.set(taskId, now)
    // One task must not stop the others; it is looked at again later, and by whoever owns it next.
    for (const { cause, taskId } of staging.undecided) {
      yield* Effect.logError(`task ${taskId} cannot be decided about on this node`, cause)
      agenda.set(taskId, now + UNDECIDED_MS)
    }
    if (staging.calendarsChanged) lookAgain(now)
    const undecided = envelopes.slice(taken)
    return staging.leftover === null ? undecided : [staging.leftover, ...undecided]
  })

  /** Sleeps until an instant in slices, so that a step of the wall clock cannot lose it, then wakes the actor. */
  const alarm = (at: number): Effect.Effect<void> =>
    Effect.gen(function* () {
      for (let now = yield* Clock.currentTimeMillis; now < at; now = yield* Clock.currentTimeMillis) {
        yield* Effect.sleep(Math.min(settings.sliceMs, at - now))
      }
      yield* Queue.offer(mailbox, "wake")
    })

  let armed: { readonly at: number; readonly fiber: Fiber.Fiber<void> } | null = null
  const scope = yield* Effect.scope

  /** Makes sure that an alarm goes off at `at` or before: one too many only costs an empty turn. */
  const arm = Effect.fnUntraced(function* (at: number | null) {
    const running = armed !== null && armed.fiber.pollUnsafe() === undefined
    if (at === null || (running && armed !== null && armed.at <= at)) return
    if (armed !== null) yield* Fiber.interrupt(armed.fiber)
    armed = { at, fiber: yield* Effect.forkIn(alarm(at), scope) }
  })

  const loop = Effect.gen(function* () {
    for (;;) {
      const head = agenda.head()
      const now = yield* Clock.currentTimeMillis
      const busy = rest.length > 0 || (head !== null && head <= now)
      if (!busy) yield* arm(head)
      const nothingNew = busy && Queue.sizeUnsafe(mailbox) === 0
      const messages = nothingNew ? [] : yield* Queue.takeBetween(mailbox, 1, settings.maxTurn - rest.length)
      rest = [...rest, ...messages.filter((message) => message !== "wake")]
      rest = yield* turn(rest)
    }
  })

  yield* begin
  isCurrent = true
  for (const state of states.values()) {
    dispatcher.follow(undefined, state)
    listeners?.put(partition, state)
  }
  lookAgain(yield* Clock.currentTimeMillis)
  announcer.begin(partition, (taskId) => {
    const state = states.get(taskId)
    return state === undefined ? undefined : queueOf(state)
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => listeners?.forget(partition)))
  const running = yield* loop.pipe(
    Effect.tapCause((cause) => Effect.logError(`the actor of partition ${partition} has stopped`, cause)),
    Effect.ensuring(Effect.sync(() => (stopped = true))),
    (running) => Effect.forkScoped(running)
  )

  return {
    partition,
    ended: Fiber.await(running),
    leftovers: Effect.map(Queue.clear(mailbox), (waiting) => ({
      envelopes: [...rest, ...waiting.filter((message) => message !== "wake")],
      unsure: refused === "unknown"
    })),
    submit: (envelope) => {
      // Nobody says news again: they are never turned away.
      const news = envelope._tag === "reoffer" || envelope._tag === "calendars"
      const room = news || Queue.sizeUnsafe(mailbox) + rest.length < MAILBOX_LIMIT
      return !stopped && room && Queue.offerUnsafe(mailbox, envelope)
    },
    logSequence: () => lastSequence,
    stats: () => {
      let tasks = 0
      let openExecutions = 0
      for (const state of states.values()) {
        if (state._tag !== "live") continue
        tasks += 1
        openExecutions += state.executions.length
      }
      return { partition, logSequence: lastSequence, tasks, openExecutions }
    }
  } satisfies PartitionActor
})
