/** Why a deployment could not be started, stopped or used, in words, with what to do about it. */
import { NatsUnreachable } from "../../nats/NatsConnection.ts"
import { InvalidSettings } from "../../Settings.ts"
import { BadConfiguration } from "./Configuration.ts"
import { DeploymentFailed } from "./Deployment.ts"
import { BadEnvironment } from "./Environment.ts"

/** What to do about a given server that does not answer. */
export const GIVEN_SERVER = "NATS_URL says that the server is there: start it, or mend or unset NATS_URL"

/** Any error of a deployment, with its reason; one that has it already is passed on. */
export const deploymentFailed = (error: { readonly message: string }): DeploymentFailed => {
  if (error instanceof DeploymentFailed) return error
  const { message } = error
  if (error instanceof NatsUnreachable) {
    return new DeploymentFailed({ message, reason: "unreachable", hint: GIVEN_SERVER })
  }
  if (error instanceof BadEnvironment || error instanceof InvalidSettings) {
    return new DeploymentFailed({ message, reason: "settings", hint: "mend the variable of the environment" })
  }
  if (error instanceof BadConfiguration) {
    return new DeploymentFailed({ message, reason: "settings", hint: "mend the file, or set the variable" })
  }
  return new DeploymentFailed({ message })
}
