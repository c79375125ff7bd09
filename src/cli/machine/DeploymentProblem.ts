/** Why a deployment could not be started, stopped or used, in words, with what to do about it. */
import { Predicate } from "effect"
import { BadAccess } from "../../access/BadAccess.ts"
import { NatsUnreachable } from "../../nats/NatsConnection.ts"
import { InvalidSettings } from "../../Settings.ts"
import { BadConfiguration } from "./BadConfiguration.ts"
import { DeploymentFailed } from "./Deployment.ts"

/** What to do about a given server that does not answer. */
export const GIVEN_SERVER =
  "NATS_URL, or the chosen NATS context, says that the server is there: start it, or mend or unset NATS_URL or NATS_CONTEXT"

/** Any error of a deployment, with its reason; one that has it already is passed on. */
export const deploymentFailed = (error: { readonly message: string }): DeploymentFailed => {
  if (error instanceof DeploymentFailed) return error
  const { message } = error
  if (error instanceof NatsUnreachable) {
    return new DeploymentFailed({ message, reason: "unreachable", hint: GIVEN_SERVER })
  }
  if (error instanceof BadAccess) return new DeploymentFailed({ message, reason: "settings", hint: error.remedy })
  if (error instanceof InvalidSettings) {
    return new DeploymentFailed({ message, reason: "settings", hint: "mend the variable of the environment" })
  }
  if (error instanceof BadConfiguration) {
    return new DeploymentFailed({ message, reason: "settings", hint: "mend the file, or set the variable" })
  }
  if (Predicate.isTagged(error, "PortTaken")) {
    return new DeploymentFailed({
      message,
      hint: "choose another with --http-port (0: any that is free) or NAGATHA_HTTP_PORT, or go without: --no-http"
    })
  }
  return new DeploymentFailed({ message })
}
