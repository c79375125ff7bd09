/** Finds nats-server once before all tests: on a new machine it is fetched now, and no test's time runs out meanwhile. */
import { serverProgram } from "./natsServer.ts"

export default async (): Promise<void> => {
  await serverProgram()
}
