/** What the read models leave out, for it is not understood. */
import type { ServiceStatus } from "../../Scheduler.ts"
import { counted, visibleLine } from "./Text.ts"

export const parkedText = ({ count, first }: NonNullable<ServiceStatus["projection"]["parked"]>): string => {
  const { logSequence, type, version, why } = first
  const what = `${type === "damaged" ? "damaged" : `${type} version ${JSON.stringify(version)}`}: ${why}`
  return `${counted(count, "event")} of the log not understood, and left out; the first at log sequence ${logSequence} (${visibleLine(what)})`
}
