/** A command about several tasks: each is carried out and told by itself; the command fails with the last that failed. */
import { Effect } from "effect"
import type { Scheduler, SchedulerError, TaskAnswer } from "../../Scheduler.ts"
import { type CliFailure, failureOf, toldFailure } from "../Failure.ts"
import { note, out, outJson } from "./Output.ts"
import { Presentation } from "./Presentation.ts"
import { byId } from "../asking/TaskNames.ts"
import { paint } from "./Text.ts"

export const eachTask = Effect.fnUntraced(function* <A extends TaskAnswer>(
  scheduler: Scheduler["Service"],
  ids: ReadonlyArray<string>,
  json: boolean,
  act: (taskId: string) => Effect.Effect<A, SchedulerError>,
  words: (answer: A) => string
) {
  const done: Array<A> = []
  const failures: Array<CliFailure> = []
  for (const id of ids) {
    yield* byId(scheduler, id, act(id)).pipe(
      Effect.map((answer) => void done.push(answer)),
      Effect.catch((error: SchedulerError) => Effect.sync(() => void failures.push(failureOf(error))))
    )
  }
  if (!json) for (const answer of done) yield* out(words(answer))
  else if (ids.length !== 1) yield* outJson(done)
  else if (done[0] !== undefined) yield* outJson(done[0])
  const [last, ...others] = failures.reverse()
  if (last === undefined) return
  const presentation = yield* Presentation
  const colors = paint(presentation.errorColor)
  for (const failure of others.reverse()) yield* note(toldFailure(failure, presentation.json, colors))
  yield* last
})
