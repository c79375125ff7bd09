/**
 * Where the streams take messages: on `nagatha.write.<key>.log.<partition>` and the like, stored as
 * `nagatha.log.<partition>`. The key is known to `core` alone.
 *
 * Permissions say on which subjects a user may publish, but not where the server's answer goes: whoever may ask
 * JetStream anything (a worker pulls and acknowledges) can name a stream's subject as the place for the answer, and
 * would have it stored: one such message in the log ends its partition for good. Where a stream listens must therefore be
 * a secret. The server keeps it with the stream's configuration, which only `core` may read.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { randomBytes } from "node:crypto"
import type { Subjects } from "./Subjects.ts"

/** A prefix that nobody can guess (128 bits). */
export const newWritePrefix = ({ namespace }: Subjects): string =>
  `${namespace}.write.${randomBytes(16).toString("hex")}.`

/** The prefix under which a stream takes messages; that of its stored subjects where it has none of its own. */
export const writePrefixOf = (config: Pick<StreamConfig, "subjects">, { namespace }: Subjects): string => {
  const own = `${namespace}.write.`
  const subject = config.subjects.find((one) => one.startsWith(own))
  return subject === undefined ? `${namespace}.` : subject.slice(0, subject.indexOf(".", own.length) + 1)
}

/** Where to send what is to be stored as `stored`. */
export const writeSubject = (prefix: string, stored: string, { namespace }: Subjects): string =>
  prefix + stored.slice(namespace.length + 1)

/** What makes a stream take messages under a prefix and store them under `stored`, a pattern with `*` for each token that varies. */
export const takingUnder = (
  prefix: string,
  stored: string,
  subjects: Subjects
): Required<Pick<StreamConfig, "subjects" | "subject_transform">> => {
  const src = writeSubject(prefix, stored, subjects)
  let wildcard = 0
  const dest = stored.replaceAll("*", () => `{{wildcard(${(wildcard += 1)})}}`)
  return { subjects: [src], subject_transform: { src, dest } }
}
