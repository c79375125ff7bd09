/** The log of a deployment that has been stopped, as it stands on disk: read by a server of its own. */
import { Effect, Layer, Stream } from "effect"
import type { RecordedCommit } from "../../src/events/Commit.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import * as ManagedServer from "../../src/nats/server/ManagedServer.ts"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as NatsEventLog from "../../src/nats/NatsEventLog.ts"

/** All commits, in log order. */
export const commitsOf = (dataDir: string): Promise<ReadonlyArray<RecordedCommit>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { connection } = yield* ManagedServer.start({ dataDir })
        const log = NatsEventLog.layer.pipe(
          Layer.provide(
            NatsConnection.layer({
              servers: connection.url,
              role: "core",
              namespace: "nagatha",
              ...connection.users.core,
              name: "test",
              requestTimeoutMs: 5000
            })
          )
        )
        return yield* Effect.gen(function* () {
          const { follow, lastSequence } = yield* EventLog
          const last = yield* lastSequence
          if (last === 0) return []
          return yield* follow(0).pipe(
            Stream.takeUntil((recorded) => recorded.sequence >= last),
            Stream.runCollect
          )
        }).pipe(Effect.provide(log))
      })
    )
  )

export const eventsOf = (commits: ReadonlyArray<RecordedCommit>, taskId: string): ReadonlyArray<TaskEvent> =>
  commits.flatMap(({ commit }) => commit.events).filter((event) => event.taskId === taskId)
