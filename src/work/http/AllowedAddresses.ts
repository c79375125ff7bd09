/**
 * The one place that decides which addresses a task may call. Public addresses may be called; private, loopback,
 * link-local (where clouds keep their credentials), multicast and reserved ones only where the worker's configuration
 * allows them, by address, by network, or by the name of the host.
 *
 * What is checked is what is connected to: a name is resolved once, and only to addresses that are allowed.
 */
import { lookup as resolve } from "node:dns/promises"
import ipaddr from "ipaddr.js"
import { Context, Effect, Result, Schema } from "effect"

/** The address must not be called; the remedy is the worker's configuration. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", {
  host: Schema.String,
  address: Schema.String,
  range: Schema.String
}) {
  override get message() {
    const what = this.host === this.address ? this.address : `${this.host} is ${this.address}, which`
    return `${what} is not a public address (${this.range}); tasks may call it only if the worker's configuration allows it: "http": { "allow": [${JSON.stringify(this.host)}] }`
  }
}

/** The name does not lead to an address. */
export class NoSuchHost extends Schema.TaggedError<NoSuchHost>()("NoSuchHost", {
  host: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the host ${JSON.stringify(this.host)} was not found (${this.reason})`
  }
}

/** Hosts, addresses and networks that tasks may call besides public ones; `*.example.org` is every name below it. Default: none. */
export const AllowedAddresses = Context.Reference<ReadonlyArray<string>>("nagatha/work/AllowedAddresses", {
  defaultValue: () => []
})

const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i

/** Why a text cannot be one of the allowed; undefined where it can. */
export const wrongAllowed = (text: string): string | undefined =>
  ipaddr.isValid(text) || ipaddr.isValidCIDR(text) || NAME.test(text)
    ? undefined
    : `${JSON.stringify(text)} is no address (10.0.0.5), network (10.0.0.0/8) or name of a host (intranet.example, *.intranet.example)`

const nameAllowed = (host: string, allowed: ReadonlyArray<string>): boolean =>
  !ipaddr.isValid(host) &&
  allowed.some((text) => {
    const known = text.toLowerCase()
    return known.startsWith("*.") ? host.endsWith(known.slice(1)) : host === known
  })

type Address = ipaddr.IPv4 | ipaddr.IPv6

const inNetwork = (address: Address, text: string): boolean => {
  if (ipaddr.isValid(text)) return ipaddr.process(text).toString() === address.toString()
  if (!ipaddr.isValidCIDR(text)) return false
  const [network, bits] = ipaddr.parseCIDR(text)
  return network.kind() === address.kind() && address.match([network, bits] as [ipaddr.IPv4, number])
}

const checked = (host: string, text: string, allowed: ReadonlyArray<string>): Result.Result<string, AddressRefused> => {
  // An IPv4 address in IPv6's clothes is judged as what it is.
  const address = ipaddr.process(text)
  const range = address.range()
  return range === "unicast" || nameAllowed(host, allowed) || allowed.some((one) => inNetwork(address, one))
    ? Result.succeed(text)
    : Result.fail(new AddressRefused({ host, address: text, range }))
}

/** The addresses of a host, all of which may be called. One that may not refuses the host: it is a trap. */
export const addressesOf = Effect.fnUntraced(function* (
  hostname: string
): Effect.fn.Return<ReadonlyArray<string>, AddressRefused | NoSuchHost> {
  const allowed = yield* AllowedAddresses
  // `[::1]` in a URL is the address ::1; `localhost.` is `localhost`.
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase()
  if (ipaddr.isValid(host)) return [yield* Effect.fromResult(checked(host, host, allowed))]
  const found = yield* Effect.tryPromise({
    try: () => resolve(host, { all: true }),
    catch: (cause) =>
      new NoSuchHost({ host, reason: cause instanceof Error && "code" in cause ? String(cause.code) : String(cause) })
  })
  return yield* Effect.forEach(found, ({ address }) => Effect.fromResult(checked(host, address, allowed)))
})
