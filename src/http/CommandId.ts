/** What an `Idempotency-Key` makes of a request: a command id that says which key it was, and which request. Pure. */
import { hash } from "node:crypto"
import { taskIdOf } from "../actors/door/Intake.ts"
import { commandIdOf } from "../events/CommandKey.ts"

/** The same for values that are the same, in whatever order their fields came. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(",")}}`
  }
  return JSON.stringify(value) ?? "null"
}

const digest = (text: string): string => hash("sha256", text, "base64url")

export interface Keyed {
  readonly method: string
  /** The path with its parameters: a key belongs to what it was sent to. */
  readonly path: string
  readonly key: string
}

const keyDigest = ({ key, method, path }: Keyed): string => digest(`${method} ${path}\n${key}`)

export const keyedId = (keyed: Keyed, request: Readonly<Record<string, unknown>>): string =>
  commandIdOf(keyDigest(keyed), digest(canonical(request)))

/** A new task that has no id of its own gets one that follows from the key alone: another body finds it there. */
export const keyedTaskId = (keyed: Keyed): string => taskIdOf(`k-${keyDigest(keyed)}`)
