/**
 * The server's configuration as data. The parts that decide what is safe are files of their own, the same for a server
 * that we start and for one in a container (`config/nats/`): how JetStream stores (`jetstream.conf`) and who may say what
 * (`roles.conf`). Only what is particular to one machine is rendered beside them.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Roles from "../Roles.ts"

export interface ServerSettings {
  /** First token of every subject. */
  readonly namespace: string
  /** Unique name by which the server is recognised on its monitoring port. */
  readonly serverName: string
  /** Port for clients, on 127.0.0.1. */
  readonly port: number
  /** Port for health checks, on 127.0.0.1. */
  readonly monitorPort: number
  /** Everything of the server lies here: configuration, log, pid file and the streams in `jetstream`. */
  readonly directory: string
  readonly passwords: Readonly<Record<Roles.Role, string>>
}

/** How JetStream stores: each acknowledged message is on disk. */
export const JETSTREAM = `# What is acknowledged is on disk: by default a server syncs every two minutes, and loses them with the power.
jetstream {
  store_dir: $NAGATHA_NATS_STORE
  sync_interval: always
}
max_payload: 1MB
`

const quote = (text: string): string => JSON.stringify(text)
const slashes = (path: string): string => path.replaceAll("\\", "/")

const files = (directory: string) => ({
  config: join(directory, "server.conf"),
  log: join(directory, "server.log"),
  pid: join(directory, "server.pid"),
  store: join(directory, "jetstream")
})

/** Files of a server whose directory this is. */
export const filesOf = files

/** What is particular to this machine; includes the two shared files, which lie beside it. */
export const render = (settings: ServerSettings): string => {
  const { log, pid } = files(settings.directory)
  return `# Written at each start; changes are lost.
server_name: ${quote(settings.serverName)}
listen: "127.0.0.1:${settings.port}"
http: "127.0.0.1:${settings.monitorPort}"
pid_file: ${quote(slashes(pid))}
log_file: ${quote(slashes(log))}
logfile_size_limit: 10MB
logfile_max_num: 3
include "jetstream.conf"
include "roles.conf"
`
}

/** Environment of the server: passwords and place of the store, quoted as the configuration's grammar wants them. */
export const environment = (settings: ServerSettings): Readonly<Record<string, string>> => ({
  NAGATHA_NATS_STORE: quote(slashes(files(settings.directory).store)),
  ...Object.fromEntries(Roles.ROLES.map((role) => [Roles.passwordVariable(role), quote(settings.passwords[role])]))
})

/** Writes the three files, readable by this user only, and gives the path to start the server with. */
export const write = async (settings: ServerSettings): Promise<string> => {
  const { config, store } = files(settings.directory)
  await mkdir(store, { recursive: true, mode: 0o700 })
  const file = (path: string, text: string) => writeFile(path, text, { mode: 0o600 })
  await file(join(settings.directory, "jetstream.conf"), JETSTREAM)
  await file(join(settings.directory, "roles.conf"), Roles.render(settings.namespace))
  await file(config, render(settings))
  return config
}
