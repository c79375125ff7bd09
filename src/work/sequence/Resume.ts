/** What a sequence that is taken up again from a step need not do again. Pure. */
import type { PlannedStep } from "./SequencePlan.ts"

/** The step, and all that depend on it, directly or not. */
const onwards = (steps: ReadonlyArray<PlannedStep>, fromStep: string): ReadonlySet<string> => {
  const found = new Set([fromStep])
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const step of steps) if (step.dependsOn.some((name) => found.has(name))) found.add(step.name)
  }
  return found
}

/** Of the outcomes of a failed sequence, those that stand: of steps that ended well, or whose failure was passed over. */
export const carried = <Outcome extends { readonly status: "completed" | "failed" }>(
  steps: ReadonlyArray<PlannedStep>,
  outcomes: Readonly<Record<string, Outcome>>,
  fromStep: string
): Readonly<Record<string, Outcome>> => {
  const again = onwards(steps, fromStep)
  return Object.fromEntries(
    Object.entries(outcomes).filter(([name, { status }]) => {
      const passedOver = steps.find((step) => step.name === name)?.onFailure === "continue"
      return !again.has(name) && (status === "completed" || passedOver)
    })
  )
}
