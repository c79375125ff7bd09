import { describe } from "vitest"
import { EventLog } from "../../src/events/EventLog.ts"
import { eventLogContract } from "./eventLogContract.ts"

describe("the event log in memory", () => eventLogContract(() => EventLog.layerMemory))
