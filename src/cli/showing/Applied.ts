/** Carries out a plan: each task by itself, so that one that fails stops no other; a change by somebody else is not lost. */
import { Effect } from "effect"
import { isPending, type Planned } from "../asking/ApplyPlan.ts"
import type { Scheduler, SchedulerError } from "../../Scheduler.ts"
import { failureOf } from "../Failure.ts"
import type { Outcome } from "./PlanText.ts"

/** Tasks changed at the same time. */
const AT_ONCE = 8

/** What one command did, in a word. */
const carryOut = (
  scheduler: Scheduler["Service"],
  { action, create, taskId, update }: Planned,
  reason: string
): Effect.Effect<string, SchedulerError> => {
  switch (action) {
    case "create":
      return create === undefined
        ? Effect.succeed("unchanged")
        : Effect.map(scheduler.schedule({ ...create, reason }), ({ created }) => (created ? "created" : "unchanged"))
    case "update":
    case "reschedule":
      return update === undefined
        ? Effect.succeed("unchanged")
        : Effect.as(scheduler.update({ ...update, reason }), action === "update" ? "updated" : "rescheduled")
    case "restore":
      return Effect.flatMap(scheduler.restore({ taskId, reason }), ({ revision }) =>
        update === undefined
          ? Effect.succeed("restored")
          : Effect.as(scheduler.update({ ...update, ifRevision: revision, reason }), "restored")
      )
    case "prune":
      return Effect.as(scheduler.cancel({ taskId, reason }), "cancelled")
    case "gone":
    case "unchanged":
    case "refused":
      return Effect.succeed("unchanged")
  }
}

/** What became of each task of the plan, in its order. */
export const carriedOut = (
  scheduler: Scheduler["Service"],
  plan: ReadonlyArray<Planned>,
  reason: string
): Effect.Effect<ReadonlyArray<Outcome>> =>
  Effect.forEach(
    plan,
    (planned) =>
      isPending(planned)
        ? carryOut(scheduler, planned, reason).pipe(
            Effect.match({
              onSuccess: (done): Outcome => ({ planned, done, failure: null }),
              onFailure: (error): Outcome => ({ planned, done: null, failure: failureOf(error) })
            })
          )
        : Effect.succeed<Outcome>({ planned, done: null, failure: null }),
    { concurrency: AT_ONCE }
  )
