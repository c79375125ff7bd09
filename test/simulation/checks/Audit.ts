/** What users check their own log with has nothing to find: it derives every instant anew, as the oracle here does in another way. */
import { Verification } from "../../../src/audit/Verify.ts"
import type { History } from "../History.ts"
import type { Violation } from "./Violation.ts"

export const audit = ({ lines }: History): ReadonlyArray<Violation> => {
  const verification = new Verification()
  for (const { sequence, storedAt, text } of lines) verification.text(sequence, text, storedAt)
  return verification.end().findings.map(({ kind, logSequence, message }) => ({
    invariant: "auditFindsNothing",
    what: `${kind} at log sequence ${logSequence}: ${message}`
  }))
}
