/**
 * The whole scheduler in one process, without a server: the real rules, actor, announcer, read models and worker, over
 * the memory twins of what a server carries. It lives as long as its scope, and nothing of it outlives the process.
 *
 * It runs by the clock of the fibre that builds it: under a test's clock a year passes in moments.
 */
import { Clock, Context, Effect, Layer, PubSub, Random, Scheduler, Schema, type Scope, Stream } from "effect"
import { Announcements } from "../actors/Announcements.ts"
import { Calendars } from "../actors/Calendars.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import * as EventTriggers from "../actors/EventTriggers.ts"
import { Partitions } from "../actors/Partitions.ts"
import { Queues } from "../actors/Queues.ts"
import { EventLog } from "../events/EventLog.ts"
import type { HeldBy } from "../events/QueueEvent.ts"
import { Queries } from "../projections/Queries.ts"
import * as ReadModels from "../projections/ReadModels.ts"
import { fromMillis } from "../recurrence/Instant.ts"
import { notification, PUBLIC_EVENTS, publicEvent, publicOutput } from "../service/Announced.ts"
import type { Answered, Question } from "../service/Answered.ts"
import * as Answers from "../service/Answers.ts"
import * as Client from "../service/Client.ts"
import * as Commands from "../service/Commands.ts"
import { type AnnouncedEvent, type FrontDoor, PastEventsQuery, type ServiceStatus } from "../service/FrontDoor.ts"
import { Cursors } from "../service/Cursors.ts"
import * as Subscriptions from "../service/Subscriptions.ts"
import type { QueueLines } from "../service/QueueLines.ts"
import * as RunningProgress from "../service/RunningProgress.ts"
import * as ScheduleAnswers from "../service/ScheduleAnswers.ts"
import * as StoredLogAnswers from "../service/StoredLogAnswers.ts"
import * as WhyAnswers from "../service/WhyAnswers.ts"
import * as Settings from "../Settings.ts"
import { type BuiltInServices, builtInTaskTypes } from "../work/BuiltInTaskTypes.ts"
import { FOLLOW_MS, type Followed, LiveFeed, type OutputPiece } from "../work/LiveFeed.ts"
import { McpServers } from "../work/mcp/McpServers.ts"
import { NotificationBus } from "../work/notification/NotificationMessage.ts"
import type { Plugin } from "../work/plugins/Plugin.ts"
import { pluginCommandDeclaration } from "../work/plugins/PluginCommandArgs.ts"
import { Plugins, TaskSubmission } from "../work/plugins/Plugins.ts"
import type { TaskDeclaration, TaskType } from "../work/TaskType.ts"
import { type InvalidTaskTypes, TaskTypes } from "../work/TaskTypes.ts"
import * as Worker from "../work/Worker.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import * as CountedFibres from "./CountedFibres.ts"
import * as MemoryAnnouncements from "./MemoryAnnouncements.ts"
import * as MemoryOwner from "./MemoryOwner.ts"
import * as PublicFeed from "./PublicFeed.ts"

export interface MemoryOptions<Services = never> {
  /** Task types besides those that this project brings; one of the same name takes the other's place. */
  readonly taskTypes?: ReadonlyArray<TaskType<Services>>
  /** Plugins made by `definePlugin`; they are set up before the first attempt. */
  readonly plugins?: ReadonlyArray<Plugin>
  /** Zone of requests that name none; default `UTC`. */
  readonly timezone?: string
  /** Shares of all tasks; default 1. */
  readonly partitions?: number
  /** Executions at the same time; default 64. */
  readonly concurrency?: number
  /** Who sends commands that do not say so; default `program`. */
  readonly actor?: string
}

export interface MemoryScheduler {
  readonly frontDoor: FrontDoor
  readonly feed: PublicFeed.PublicFeed
}

/** The one line of work: every queue is served. */
const EVERY_QUEUE = "all"
const NODE = "memory"
/** Turns of the event loop after which something is taken to go on for ever. */
const MOST_TURNS = 10_000

/** Under a clock that is not the system's nobody suspends the machine, no other node decides, and no worker is lost without a word. */
const VIRTUAL = { sliceMs: 2 ** 40, lookMs: 2 ** 40, leaseMs: 2 ** 40 }

/** Questions and commands by name, of which an unknown one is a defect of the caller. */
const asking = (questions: ReadonlyArray<Question>) => {
  const byName = new Map(questions.map((one) => [one.name, one]))
  return (name: string, body: unknown): Effect.Effect<unknown, Refused> =>
    Effect.suspend(() => {
      const known = byName.get(name)
      return known === undefined ? Effect.die(new Error(`nobody answers ${name}`)) : known.answer(body)
    }).pipe(Effect.catchDefect((defect) => (defect instanceof Refused ? Effect.fail(defect) : Effect.die(defect))))
}

type Subscribing<A> = Effect.Effect<Stream.Stream<A>, never, Scope.Scope>

const refusalOf = (answered: Answered): Effect.Effect<unknown, Refused> =>
  "error" in answered ? Effect.fail(new Refused(answered.error)) : Effect.succeed(answered.answer)

/** Serves the items of all queues in one line. */
const everyQueue = (queue: WorkQueue["Service"]): WorkQueue["Service"] => ({
  ...queue,
  offer: (items) => queue.offer(items.map((item) => ({ ...item, queue: EVERY_QUEUE })))
})

/** What is put in the place of a task type's code. */
type Around = (type: TaskType<BuiltInServices>) => TaskType<BuiltInServices>

/**
 * Starts it all; ready when it takes requests. `around` may put something in the place of each task type's code (it is
 * then no defect that commands of plugins are not known).
 */
export const make = <Services = never>(
  options: MemoryOptions<Services> = {},
  around?: Around
): Effect.Effect<MemoryScheduler, InvalidTaskTypes | Settings.InvalidSettings, Scope.Scope | Services> =>
  Effect.flatMap(Scheduler.Scheduler, (fibres) => {
    const counted = CountedFibres.make(fibres)
    return Effect.provideService(started(options, around, counted.pending), Scheduler.Scheduler, counted.scheduler)
  })

const started = Effect.fnUntraced(function* <Services>(
  options: MemoryOptions<Services>,
  around: Around | undefined,
  pending: () => number
): Effect.fn.Return<MemoryScheduler, InvalidTaskTypes | Settings.InvalidSettings, Scope.Scope | Services> {
  const { actor = "program", timezone = "UTC" } = options
  const clock = yield* Clock.Clock
  const isLive = clock === Context.get(Context.empty(), Clock.Clock)
  const settings = yield* Effect.fromResult(
    Settings.make({
      partitions: options.partitions ?? 1,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(isLive ? {} : VIRTUAL)
    })
  )
  const startedAt = fromMillis(clock.currentTimeMillisUnsafe())
  const random = yield* Random.Random
  const hex = () =>
    Math.floor(random.nextDoubleUnsafe() * 2 ** 48)
      .toString(16)
      .padStart(12, "0")
  const newId = () => hex() + hex()

  const plugins = {
    loaded: (options.plugins ?? []).map((plugin) => ({ file: plugin.name, plugin })),
    broken: [],
    leftOut: new Map<string, string>()
  }
  const types = typesOf(options, yield* Effect.context<Services>()).map((type) => around?.(type) ?? type)
  const commandsOfPlugins = pluginCommandDeclaration(plugins, around === undefined || plugins.loaded.length > 0)
  const declared = types.map((type): TaskDeclaration =>
    type.name === commandsOfPlugins.name ? commandsOfPlugins : type
  )

  const feed = yield* PublicFeed.make
  const progress = RunningProgress.make()
  const followed = yield* PubSub.unbounded<Followed>()
  const { announcements, past } = MemoryAnnouncements.make(feed)

  const liveFeed = Layer.succeed(LiveFeed, {
    progress: (report) => {
      progress.told(report)
      feed.publish(publicEvent("progress"), report)
    },
    output: (piece) => feed.publish(publicOutput(piece.executionId), piece),
    followed: Stream.fromPubSub(followed)
  })
  const bus = Layer.succeed(NotificationBus, {
    publish: (message) => Effect.sync(() => feed.publish(notification(message.notificationType), message))
  })
  const queue = Layer.effect(WorkQueue, Effect.map(WorkQueue, everyQueue)).pipe(Layer.provide(WorkQueue.layerMemory))
  const ports = Layer.mergeAll(
    EventLog.layerMemory,
    queue,
    Layer.succeed(Announcements, announcements),
    Layer.succeed(Settings.Current, settings)
  )
  const core = yield* Layer.build(
    Layer.fresh(
      EventTriggers.layer.pipe(
        Layer.provideMerge(Partitions.layer(NODE)),
        Layer.provideMerge(Layer.mergeAll(Calendars.layer(NODE), Queues.layer(NODE))),
        Layer.provideMerge(ReadModels.layer({ file: ":memory:" })),
        Layer.provideMerge(ports)
      )
    )
  )
  const log = Context.get(core, EventLog)
  const queries = Context.get(core, Queries)
  const partitions = Context.get(core, Partitions)

  const status = Effect.gen(function* () {
    const { executions, tasks } = yield* queries.counts
    const { count, first } = yield* queries.parked
    const logSequence = yield* queries.logSequence
    const answer: ServiceStatus = {
      server: { name: "none", version: "", url: "memory:" },
      nodes: [
        { nodeId: NODE, host: "", pid: process.pid, roles: ["scheduler", "worker", "api"], startedAt, version: "" }
      ],
      partitions: partitions.stats().map((one) => ({ ...one, owner: NODE })),
      queues: [],
      projection: {
        logSequence,
        lag: 0,
        tasks,
        executions,
        ...(first === undefined ? {} : { parked: { count, first } })
      }
    }
    return answer
  })

  const queueLines: QueueLines = {
    lines: Effect.sync(partitions.lines),
    served: Effect.succeed([]),
    heldBy: (_taskId, executionIds) =>
      Effect.sync(() => {
        const held: Record<string, HeldBy> = {}
        for (const executionId of executionIds) {
          const by = partitions.heldBy(executionId)
          if (by !== undefined) held[executionId] = by
        }
        return held
      })
  }

  const sender = { actor, newId }
  const { addressed, carryOut, ask, tell } = yield* Effect.gen(function* () {
    const commands = yield* Commands.make({ ...sender, timezone })
    const subscriptions = yield* Effect.provide(Subscriptions.make, Cursors.layerMemory, { local: true })
    const questions = [
      ...(yield* Answers.make({ timezone, progress, queueLines })),
      yield* Answers.queues(queueLines),
      yield* StoredLogAnswers.make,
      yield* ScheduleAnswers.make,
      yield* WhyAnswers.make,
      Answers.question("events", PastEventsQuery, (query) => Effect.sync(() => past(query))),
      Answers.question("status", Schema.Struct({}), () => status),
      ...subscriptions.queries
    ]
    const tell = asking([
      ...(yield* Commands.calendarCommands(sender)),
      ...(yield* Commands.queueCommands(sender)),
      ...(yield* Commands.logCommands(sender)),
      ...subscriptions.commands
    ])
    return { ...commands, ask: asking(questions), tell }
  }).pipe(Effect.provide(TaskTypes.layerDeclared(declared), { local: true }), Effect.provideContext(core))

  /** One command about a task. */
  const command = (verb: Commands.Verb, request: Record<string, unknown>) =>
    Effect.callback<Answered>((resume) =>
      carryOut(addressed(verb, request).commanded, (answered) => resume(Effect.succeed(answered)))
    )
  const isVerb = Schema.is(Schema.Literals(Commands.VERBS))
  const carriedOut = (verb: string, body: Record<string, unknown>): Effect.Effect<unknown, Refused> => {
    if (isVerb(verb)) return Effect.flatMap(command(verb, body), refusalOf)
    if (verb !== "scheduleMany") return tell(verb, body)
    const requests = body["requests"] as ReadonlyArray<Record<string, unknown>>
    return Effect.forEach(requests, (request) => command("schedule", request), { concurrency: "unbounded" })
  }

  /** Everything that was stored before is to be seen in an answer. */
  const caughtUp = Effect.flatMap(Effect.orDie(log.lastSequence), (after) =>
    Effect.ignore(queries.tasks({ after, limit: 1 }))
  )
  /**
   * Nobody can know when to let a test's time pass but by asking: who has been answered finds all done that could be done
   * at this instant.
   */
  const settled = Effect.gen(function* () {
    const turns = isLive ? 0 : MOST_TURNS
    for (let turn = 0; pending() > 0 && turn < turns; turn += 1) yield* Effect.yieldNow
  })
  const onTime = <A, E>(effect: Effect.Effect<A, E>) => Effect.provideService(effect, Clock.Clock, clock)
  const json = (answer: unknown) => JSON.stringify(answer)

  const follow = (executionId: string) => {
    const say = (begins: boolean) => PubSub.publish(followed, { executionId, begins })
    return Effect.andThen(say(true), Effect.forever(Effect.andThen(Effect.sleep(FOLLOW_MS / 3), say(false))))
  }
  const carrier: Client.Carrier = {
    command: (verb, payload) =>
      onTime(Effect.ensuring(Effect.map(carriedOut(verb, JSON.parse(payload)), json), settled)),
    query: (name, payload) =>
      onTime(Effect.andThen(Effect.andThen(settled, caughtUp), Effect.map(ask(name, JSON.parse(payload)), json))),
    subscribe: (pattern = PUBLIC_EVENTS) => feed.subscribe(pattern) as Subscribing<AnnouncedEvent>,
    output: (executionId) =>
      Effect.tap(feed.subscribe(publicOutput(executionId)) as Subscribing<OutputPiece>, () =>
        Effect.forkScoped(onTime(follow(executionId)))
      )
  }
  const frontDoor = Client.make(carrier, sender)

  const submission = Layer.succeed(TaskSubmission, {
    schedule: (task) => frontDoor.schedule({ ...task, actor: "plugin" }),
    cancel: (taskId) => frontDoor.cancel({ taskId, actor: "plugin" })
  })
  const setUp = plugins.loaded.length === 0 ? Plugins.layerNone : Plugins.layer(plugins).pipe(Layer.provide(submission))
  const worker = Worker.layer({ worker: NODE, queues: [EVERY_QUEUE], concurrency: settings.concurrency }).pipe(
    Layer.provide([MemoryOwner.layer, TaskTypes.layer(types), liveFeed]),
    Layer.provide([bus, McpServers.layer({ directories: [process.cwd()], variables: process.env }), setUp])
  )
  yield* Effect.provideContext(Layer.build(Layer.fresh(worker)), core)
  return { frontDoor, feed }
})

/** The task types of a world: what this project brings, with what the program puts in its place or beside it. */
const typesOf = <Services>(
  { plugins = [], taskTypes = [] }: MemoryOptions<Services>,
  services: Context.Context<Services>
): ReadonlyArray<TaskType<BuiltInServices>> => {
  const closed = taskTypes.map((type): TaskType => ({
    ...type,
    attempt: (args, context) => Effect.provideContext(type.attempt(args, context), services)
  }))
  const own = [...closed, ...plugins.flatMap((plugin) => plugin.taskTypes)]
  const names = new Set(own.map(({ name }) => name))
  return [...builtInTaskTypes.filter(({ name }) => !names.has(name)), ...own]
}
