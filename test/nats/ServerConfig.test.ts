import { readFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"
import * as Roles from "../../src/nats/Roles.ts"
import { environment, JETSTREAM, render } from "../../src/nats/server/ServerConfig.ts"
import { PINNED } from "../../src/nats/server/ServerVersion.ts"

const root = join(import.meta.dirname, "../..")
const committed = (name: string) => readFileSync(join(root, "config/nats", name), "utf8")

describe("config/nats", () => {
  it("holds what the server that we start is given", () => {
    assert.strictEqual(committed("jetstream.conf"), JETSTREAM)
    assert.strictEqual(committed("roles.conf"), Roles.render("nagatha"))
  })

  it("includes only files that are there", () => {
    for (const name of ["server.conf", "cluster.conf"]) {
      const included = [...committed(name).matchAll(/^include "(.+)"$/gm)].map(([, file]) => file ?? "")
      assert.isNotEmpty(included)
      for (const file of included) assert.isTrue(existsSync(join(root, "config/nats", file)), file)
    }
  })
})

interface Service {
  readonly image: string
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: ReadonlyArray<string>
  readonly ports: ReadonlyArray<string>
  readonly healthcheck: { readonly test: ReadonlyArray<string> }
  readonly profiles?: ReadonlyArray<string>
}
const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(
  readFileSync(join(root, "docker-compose.nats.yml"), "utf8"),
  { merge: true }
)

describe("docker-compose.nats.yml", () => {
  it("has one server by default and three in the profile cluster", () => {
    const profile = Object.entries(compose.services).map(([name, { profiles = [] }]) => [name, ...profiles].join(" "))
    assert.deepStrictEqual(profile, ["nats", "nats-1 cluster", "nats-2 cluster", "nats-3 cluster"])
  })

  describe.each(Object.entries(compose.services))("%s", (name, service) => {
    it("starts the pinned server with a configuration file that is mounted and exists", () => {
      assert.strictEqual(service.image, `nats:${PINNED}-alpine`)
      const path = service.command.at(-1) ?? ""
      const [source = "", target = ""] = (service.volumes[0] ?? "").split(":")
      assert.isTrue(path.startsWith(`${target}/`), `${path} lies in ${target}`)
      assert.isTrue(existsSync(join(root, source, path.slice(target.length))))
    })

    it("keeps its streams in a named volume of its own", () => {
      const [volume = "", target] = (service.volumes[1] ?? "").split(":")
      assert.property(compose.volumes, volume)
      assert.strictEqual(target, service.environment["NAGATHA_NATS_STORE"])
      const users = Object.values(compose.services).filter(({ volumes }) => volumes[1] === service.volumes[1])
      assert.lengthOf(users, 1)
    })

    it("is given every variable that its configuration uses, passwords from the environment only", () => {
      const read = (file: string): string =>
        committed(file).replaceAll(/^include "(.+)"$/gm, (_line, included: string) => read(included))
      const text = read((service.command.at(-1) ?? "").replace("/etc/nagatha/", ""))
      const used = [...text.matchAll(/: \$(\w+)/g), ...text.matchAll(/password: \$(\w+)/g)].map(
        ([, variable = ""]) => variable
      )
      for (const variable of used) assert.property(service.environment, variable)
      const passwords = Object.entries(service.environment).filter(([variable]) => variable.endsWith("_PASSWORD"))
      for (const [variable, value] of passwords) assert.match(value, new RegExp(`^"\\$\\{${variable}:\\?[^}]+\\}"$`))
      assert.isAtLeast(passwords.length, Roles.ROLES.length)
    })

    it("is reachable from this machine only, and says whether it is healthy", () => {
      for (const port of service.ports) assert.match(port, /^127\.0\.0\.1:\d+:4222$/)
      const monitor = /http: "(.+)"/.exec(committed("server.conf"))?.[1]
      assert.strictEqual(service.healthcheck.test.at(-1), `http://${monitor}/healthz`)
      assert.strictEqual(service.environment["NAGATHA_NATS_NAME"], name)
    })
  })
})

describe("the configuration of a server that we start", () => {
  const settings = {
    namespace: "nagatha",
    serverName: "one",
    port: 4333,
    monitorPort: 8333,
    directory: "C:\\my data",
    passwords: { core: "a", worker: "b", client: "c", viewer: "d" }
  }

  it("listens on loopback only and holds no password", () => {
    const text = render(settings)
    assert.match(text, /^listen: "127\.0\.0\.1:4333"$/m)
    assert.match(text, /^http: "127\.0\.0\.1:8333"$/m)
    assert.notMatch(text, /password/)
  })

  it("gives passwords and store to the server by its environment, quoted", () => {
    const variables = environment(settings)
    assert.strictEqual(variables["NAGATHA_CORE_PASSWORD"], '"a"')
    assert.match(variables["NAGATHA_NATS_STORE"] ?? "", /^"C:\/my data.jetstream"$/)
  })
})
