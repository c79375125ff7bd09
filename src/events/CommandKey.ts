/**
 * Ids of commands that were given a key by their sender: `k-<key>-<body>`, of which the second part says what was asked and
 * the third how. One key stands for one request: where a command of the same key and another body is known, the new one
 * is refused (`keyReused`), for either it or the first was not meant.
 *
 * It is held against what its task (its queue, the calendars) still remembers: see `KNOWN_COMMANDS` there.
 */
const FORM = /^k-([A-Za-z0-9_-]{22})-[A-Za-z0-9_-]{16}$/

/** The id of a command, of the digest of its key and that of its body: base64url, cut to what fits. */
export const commandIdOf = (key: string, body: string): string => `k-${key.slice(0, 22)}-${body.slice(0, 16)}`

/** What the key was; undefined where the id was made otherwise. */
export const keyOf = (commandId: string): string | undefined => FORM.exec(commandId)?.[1]

/** Among known ids, one of the same key and another body. */
export const reusedBy = (known: Iterable<string>, commandId: string): string | undefined => {
  const key = keyOf(commandId)
  if (key === undefined) return undefined
  for (const one of known) if (one !== commandId && keyOf(one) === key) return one
  return undefined
}
