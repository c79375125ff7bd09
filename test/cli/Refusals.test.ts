/** A refusal says the same over NATS as on the command line: what conflicts with what is there, what is not there, what is wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Refused } from "../../src/actors/door/TaskRequest.ts"
import { ExitCode, failureOf } from "../../src/cli/Failure.ts"
import { statusOf } from "../../src/service/Status.ts"

const codes: Readonly<Record<number, { readonly exit: number; readonly codes: ReadonlyArray<string> }>> = {
  400: { exit: ExitCode.usage, codes: ["invalidRequest", "invalidSchedule", "unknownTaskType", "invalidArgs"] },
  404: { exit: ExitCode.notFound, codes: ["notFound"] },
  409: {
    exit: ExitCode.conflict,
    codes: [
      "ambiguousId",
      "idInUse",
      "alreadyCancelled",
      "ended",
      "notEnded",
      "notOver",
      "notPaused",
      "revisionConflict",
      "succeeded",
      "alreadyRetried",
      "nothingToRevert",
      "nothingWaits",
      "tooMany"
    ]
  },
  422: { exit: ExitCode.conflict, codes: ["keyReused"] },
  413: { exit: ExitCode.usage, codes: ["tooLarge"] },
  501: { exit: ExitCode.failed, codes: ["notUnderstood"] },
  503: { exit: ExitCode.failed, codes: ["behind", "busy", "rebuilding"] }
}

describe("a refusal", () => {
  for (const [status, { codes: all, exit }] of Object.entries(codes)) {
    it.each(all)(`%s has the number ${status} and the exit code ${exit}`, (code) => {
      const refused = new Refused({ code, message: "no" })
      assert.strictEqual(statusOf(refused), Number(status))
      assert.strictEqual(failureOf(refused).exitCode, exit)
    })
  }
})
