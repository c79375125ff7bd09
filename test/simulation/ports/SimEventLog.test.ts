/** The simulated log keeps the promises of every log, over a network that takes its time. */
import { describe } from "vitest"
import { eventLogContract } from "../../events/eventLogContract.ts"
import { standalone } from "./standalone.ts"

describe("the simulated event log", () => eventLogContract(standalone))
