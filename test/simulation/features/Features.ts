/**
 * What a plan may have beside plain tasks: each feature is in a share of the plans, drawn with dice of its own, and changes
 * the plan that was drawn before.
 */
import type { Plan } from "../Plan.ts"
import type { Dice } from "../world/Dice.ts"
import { after } from "./After.ts"
import { edits } from "./Edits.ts"
import { limits } from "./Limits.ts"
import { pace } from "./Pace.ts"

export type Feature = (plan: Plan, dice: Dice) => Plan

export const FEATURES: Readonly<Record<string, { readonly share: number; readonly feature: Feature }>> = {
  limits: { share: 0.25, feature: limits },
  pace: { share: 0.2, feature: pace },
  edits: { share: 0.12, feature: edits },
  after: { share: 0.15, feature: after }
}
