/**
 * Planted bugs: each must be found, or the net has a hole. Most are planted in the source as it is loaded, in a process of
 * their own, so that the source itself knows nothing of them; others are weaknesses of the simulated server.
 */
import type { Invariant } from "../checks/Violation.ts"
import type { Weakness } from "../World.ts"

export interface Canary {
  readonly name: string
  /** What must find it: one of these, at least. */
  readonly foundBy: ReadonlyArray<Invariant>
  /** File of `src/`, what stands there (once), and what is put in its place. */
  readonly planted?: ReadonlyArray<readonly [file: string, right: string, wrong: string]>
  readonly weakness?: Weakness
}

export const CANARIES: ReadonlyArray<Canary> = [
  {
    name: "the log takes commits whatever they were decided on",
    foundBy: ["guarded", "oneDecision", "chain", "oneOutcome"],
    weakness: { unguarded: true }
  },
  {
    name: "the next occurrence follows from the clock, not from the last one",
    foundBy: ["oneDecision", "onGrid"],
    planted: [["actors/task/Due.ts", "instants.next(decided)", "instants.next(Math.max(decided, now))"]]
  },
  {
    name: "what the clocks take away is forgotten with the decision before",
    foundBy: ["oneDecision"],
    planted: [
      ["actors/task/Due.ts", "const lostAfter = enough ? null :", "const lostAfter = enough || runs > 0 ? null :"]
    ]
  },
  {
    name: "nobody wakes for what the clocks take away",
    foundBy: ["boundedLateness"],
    planted: [["actors/task/TaskState.ts", "state.lostAt ?? state.nextAt", "state.nextAt ?? state.lostAt"]]
  },
  {
    name: "a delivery is acknowledged before its attempt is claimed",
    foundBy: ["backlogDrains"],
    planted: [
      ["work/Worker.ts", "claims.ask(partition, claim,", "fork(delivery.ack)\n    claims.ask(partition, claim,"]
    ]
  },
  {
    name: "timers sleep in one go",
    foundBy: ["boundedLateness"],
    planted: [["actors/PartitionActor.ts", "Math.min(settings.sliceMs, at - now)", "at - now"]]
  },
  {
    name: "an append whose outcome is unknown is taken for stored",
    foundBy: ["ackedOnce", "oneOutcome", "backlogDrains", "noDefect"],
    planted: [
      [
        "actors/PartitionActor.ts",
        "return false\n    }\n    lastSequence = outcome.sequence",
        'return outcome._tag === "unknown"\n    }\n    lastSequence = outcome.sequence'
      ]
    ]
  },
  {
    name: "announcing goes on after the last commit that was begun to be announced",
    foundBy: ["announcedAll"],
    planted: [["actors/Announcer.ts", "Math.max(0, line.said.sequence - 1)", "line.said.sequence"]]
  },
  {
    name: "what has ended is granted",
    foundBy: ["claimAfterOpen", "oneOutcome"],
    planted: [
      [
        "actors/task/Claim.ts",
        '{\n    return { state, answer: { answer: "gone" } }\n  }\n  const { stage } = execution',
        '{\n    return { state, answer: { answer: "granted", leaseMs } }\n  }\n  const { stage } = execution'
      ]
    ]
  },
  {
    name: "a cancel forgets those that wait for their turn",
    foundBy: ["claimAfterOpen"],
    planted: [
      [
        "actors/task/Sequence.ts",
        'stage._tag !== "claimed" && !busy.has(executionId))',
        'stage._tag !== "claimed" && stage._tag !== "buffered" && !busy.has(executionId))'
      ]
    ]
  },
  {
    name: "what was missed is caught up on twice",
    foundBy: ["oneDecision"],
    planted: [
      [
        "actors/task/CatchUp.ts",
        'decided.push({ _tag: "run", at })',
        'decided.push({ _tag: "run", at }, { _tag: "run", at })'
      ]
    ]
  },
  {
    name: "resuming lets loose what was due while the task was paused",
    foundBy: ["resumeNeverFloods"],
    planted: [["actors/task/Pause.ts", "const last = at - offsetOf(task) - 1", "const last = nextAt - 1"]]
  },
  {
    name: "what fails is tried again for ever",
    foundBy: ["oneOutcome", "backlogDrains"],
    planted: [
      ["actors/task/Task.ts", "again: execution.failed < limits.maxRetries &&", "again: execution.failed < Infinity &&"]
    ]
  },
  {
    name: "a report of an earlier attempt counts for the current one",
    foundBy: ["oneOutcome"],
    planted: [["actors/task/Task.ts", "execution.attempt !== said.attempt ||", "false ||"]]
  },
  {
    name: "a command that is sent again is carried out again",
    foundBy: ["ackedOnce"],
    planted: [["actors/task/Task.ts", "if (known !== undefined) return", "if (known === null) return"]]
  },
  {
    name: "readers do not wait for what was just written",
    foundBy: ["readYourWrites"],
    planted: [["projections/Projector.ts", "answering().sequence >= after", "answering().sequence >= 0"]]
  },
  {
    name: "read models count what they have seen again",
    foundBy: ["replayEqualsLive"],
    planted: [
      ["projections/ReadModelStore.ts", "recorded.sequence > this.#sequence", "recorded.sequence >= this.#sequence"]
    ]
  },
  {
    name: "the overlap policy is not asked",
    foundBy: ["overlapPolicy"],
    planted: [["actors/task/Overlap.ts", 'case "skip":\n      return "skip"', 'case "skip":\n      return "begin"']]
  },
  {
    name: "all steps begin at once",
    foundBy: ["sequenceOrder"],
    planted: [["actors/task/Sequence.ts", "  step.dependsOn.every((name) =>", "  [].every((name) =>"]]
  },
  {
    name: "what the work queue has lost is not offered again",
    foundBy: ["backlogDrains"],
    planted: [
      [
        "actors/task/Claim.ts",
        'state.executions.some((e) => e.stage._tag === "offered" && !held(',
        'state.executions.some((e) => e.stage._tag === "steps" && !held('
      ]
    ]
  },
  {
    name: "an occurrence is due two seconds early",
    foundBy: ["neverEarly"],
    planted: [
      [
        "actors/task/Task.ts",
        "state.nextAt + offsetOf(state) <= now) {",
        "state.nextAt + offsetOf(state) <= now + 2000) {"
      ],
      [
        "actors/task/Task.ts",
        "occurrences(state, state.nextAt, now, excluded)",
        "occurrences(state, state.nextAt, now + 2000, excluded)"
      ]
    ]
  },
  {
    name: "commits do not name the one before",
    foundBy: ["chain", "noDefect"],
    planted: [["actors/PartitionActor.ts", "previousHash: lastHash\n", 'previousHash: ""\n']]
  },
  {
    name: "one more runs than a queue allows",
    foundBy: ["queueLimit"],
    planted: [
      [
        "actors/queue/Permits.ts",
        "this.begun + this.released >= concurrency",
        "this.begun + this.released > concurrency"
      ],
      ["actors/queue/Permits.ts", "&& this.begun >= concurrency", "&& this.begun > concurrency"]
    ]
  },
  {
    name: "a rate has room again before its time",
    foundBy: ["queueLimit"],
    planted: [["actors/queue/Starts.ts", "<= now - perMs", "<= now - perMs / 2"]]
  },
  {
    name: "a new owner does not count what runs",
    foundBy: ["queueLimit"],
    planted: [["actors/PartitionActor.ts", "dispatcher.follow(undefined, state)", ""]]
  },
  {
    name: "limits are known, and not followed",
    foundBy: ["queueLimit", "queuePause"],
    planted: [["actors/Dispatcher.ts", "        dispatch.reconsider()\n", ""]]
  },
  {
    name: "a queue that is paused lets begin what it had released",
    foundBy: ["queuePause"],
    planted: [["actors/queue/Line.ts", "if (this.isPaused) return HELD_MS", ""]]
  },
  {
    name: "a key that was passed over is not looked at again",
    foundBy: ["backlogDrains"],
    planted: [["actors/queue/Line.ts", "if (this.#parked.delete(keyed)) this.#offerKey(keyed)", ""]]
  },
  {
    name: "the urgent goes last",
    foundBy: ["queueOrder"],
    planted: [
      ["actors/queue/Line.ts", "place.queuedAt - place.priority * 1000", "place.queuedAt + place.priority * 1000"]
    ]
  },
  {
    name: "what was missed is run late at once, whatever its pace",
    foundBy: ["catchUpPolicy"],
    planted: [["actors/task/Due.ts", "at += everyMs", "at += 0"]]
  },
  {
    name: "of what was missed the oldest are run late",
    foundBy: ["catchUpPolicy"],
    planted: [["actors/task/CatchUp.ts", "newestFrom(instants, eligible, catchUpMax)", "eligible.first"]]
  },
  {
    name: "an event that was decided about starts a task again",
    foundBy: ["startedOnce", "oneDecision"],
    planted: [["actors/task/Fire.ts", "return !isAfter(place, heard)", "return false"]]
  },
  {
    name: "what came while nobody listened is not read",
    foundBy: ["startedOnce"],
    planted: [["actors/EventTriggers.ts", "log.followAny(Math.max(0, from - 1))", "log.followAny(from + 40)"]]
  },
  {
    name: "a change is made whatever has been changed meanwhile",
    foundBy: ["guardedEdit"],
    planted: [["actors/task/Edit.ts", "wanted === task.revision", "wanted <= task.revision"]]
  },
  // Those that were found here and mended.
  {
    name: "what is on time waits for what is late and lies with the workers",
    foundBy: ["overlapPolicy"],
    planted: [["actors/task/Overlap.ts", 'stage._tag === "offered" || ', ""]]
  },
  {
    name: "an owner that was overtaken denies what others have stored",
    foundBy: ["ackedOnce", "backlogDrains"],
    planted: [["actors/PartitionActor.ts", "nothing ? staging.denies &&", "nothing ? false &&"]]
  },
  {
    name: "an owner with nothing to decide never looks what others have stored",
    foundBy: ["boundedLateness"],
    planted: [["actors/Lookout.ts", 'actor.submit({ _tag: "look" })', "actor.partition >= 0"]]
  },
  {
    name: "what is due beside a lost attempt is decided as if it were not lost",
    foundBy: ["oneOutcome"],
    planted: [["actors/task/Task.ts", "anyLost = true", "anyLost = false"]]
  },
  {
    name: "newer announcements hide that older ones are gone",
    foundBy: ["announcedAll"],
    weakness: { forgetful: true }
  },
  {
    name: "a request that is sent again after its instant is refused",
    foundBy: ["ackedOnce"],
    planted: [["actors/door/Intake.ts", "define({ ...request, allowPast: true }, taskId, door)", "made"]]
  }
]
