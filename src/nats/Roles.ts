/**
 * Who may say what on NATS: four users with the least that they need, and nobody without a name. Only `core` may write
 * the log, events and work, and only `core` may create or change anything in JetStream: whoever may create a consumer can
 * aim it at any subject. Each role hears the answers in its own inbox and in no other's.
 *
 * `config/nats/roles.conf` is this table rendered for the namespace `nagatha`.
 */
import { PUBLIC_EVENTS, publicEvent, publicOutput } from "../service/Announced.ts"
import { subjectsOf } from "./Subjects.ts"

/** `core`: nodes that decide and answer; `worker`: runs tasks; `client`: schedules; `viewer`: asks and listens. */
export const ROLES = ["core", "worker", "client", "viewer"] as const
export type Role = (typeof ROLES)[number]

/** Inbox prefix with which a role must connect; with any other its requests are never answered. */
export const inboxPrefix = (role: Role): string => `_INBOX_${role}`

/**
 * Whether a reply subject is an inbox: of a role, or of a client on a server without roles. Permissions do not bind the reply subject that an asker names, and
 * core may publish anywhere in the namespace: **core answers only to inboxes**, or a client could have the answer to its
 * question written into the log.
 */
export const isInbox = (reply: string | undefined): reply is string =>
  reply !== undefined &&
  (reply.startsWith("_INBOX.") || ROLES.some((role) => reply.startsWith(`${inboxPrefix(role)}.`)))

/** Environment variable from which the server takes a role's password. */
export const passwordVariable = (role: Role): string => `NAGATHA_${role.toUpperCase()}_PASSWORD`

export interface Permissions {
  readonly publish: ReadonlyArray<string>
  readonly subscribe: ReadonlyArray<string>
}

/** Subjects that each role may publish on and subscribe to; everything else is denied. */
export const permissionsOf = (namespace: string): Readonly<Record<Role, Permissions>> => {
  const subjects = subjectsOf(namespace)
  const announced = [PUBLIC_EVENTS, publicOutput("*"), "scheduler.notification.*"]
  const inbox = (role: Role): string => `${inboxPrefix(role)}.>`
  return {
    core: {
      publish: [
        `${namespace}.>`,
        "$JS.API.>",
        "$JS.ACK.>",
        "$JS.FC.>",
        // `status` asks all nodes who they are.
        "$SRV.PING.>",
        `$KV.${subjects.nodesBucket}.>`,
        `$O.${namespace.toUpperCase()}_SNAPSHOTS.>`,
        ...ROLES.map(inbox)
      ],
      subscribe: [`${namespace}.>`, "$SRV.>", `$KV.${subjects.nodesBucket}.>`, "scheduler.>", inbox("core")]
    },
    worker: {
      publish: [
        ...["claim", "heartbeat", "report"].map((verb) => `${namespace}.partition.*.${verb}`),
        subjects.register,
        `$JS.API.CONSUMER.INFO.${subjects.workStream}.*`,
        `$JS.API.CONSUMER.MSG.NEXT.${subjects.workStream}.*`,
        `$JS.ACK.${subjects.workStream}.>`,
        publicEvent("progress"),
        publicOutput("*"),
        "scheduler.notification.*"
      ],
      subscribe: [subjects.follow("*"), inbox("worker")]
    },
    client: {
      publish: [
        subjects.command("*"),
        subjects.query("*"),
        `${namespace}.partition.*.command`,
        subjects.follow("*"),
        subjects.allTriggers,
        "$SRV.>"
      ],
      subscribe: [...announced, inbox("client")]
    },
    viewer: {
      publish: [subjects.query("*"), subjects.follow("*")],
      subscribe: [...announced, inbox("viewer")]
    }
  }
}

const list = (subjects: ReadonlyArray<string>): string =>
  subjects.map((subject) => `          ${JSON.stringify(subject)}`).join("\n")

const user = (role: Role, { publish, subscribe }: Permissions): string => `    {
      user: ${role}
      password: $${passwordVariable(role)}
      permissions: {
        publish: { allow: [
${list(publish)}
        ] }
        subscribe: { allow: [
${list(subscribe)}
        ] }
      }
    }`

/** The `authorization` block of the server's configuration; it takes the passwords from its environment. */
export const render = (namespace: string): string => {
  const permissions = permissionsOf(namespace)
  return `# Who may say what: made from src/nats/Roles.ts, which a test holds this file against. Passwords come from the
# environment. Each role connects with the inbox prefix _INBOX_<role>.
authorization {
  users: [
${ROLES.map((role) => user(role, permissions[role])).join("\n")}
  ]
}
`
}
