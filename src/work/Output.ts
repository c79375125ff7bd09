/**
 * What a command has written, up to a limit: all of it, or its first and its last half with a mark between them.
 *
 * Memory is bounded by the limit whatever the command writes. In the text, bytes that are not UTF-8 become U+FFFD; they
 * are kept as they were beside it (`base64`) where everything could be kept.
 */
import { isUtf8 } from "node:buffer"

export interface KeptText {
  readonly text: string
  /** Whether bytes were left out; the text says how many, and where. */
  readonly truncated: boolean
  /** All bytes, where they are no UTF-8 and none was left out. */
  readonly base64?: string
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Where a character that is cut by the end of the bytes begins; the length where none is cut. */
const wholeUntil = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

const wholeFrom = (bytes: Buffer): number => {
  let from = 0
  while (from < 3 && isContinuation(bytes[from])) from++
  return from
}

export class Output {
  readonly #limit: number
  readonly #half: number
  readonly #pushed: ((chunk: Buffer) => void) | undefined
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  #total = 0

  /** `limit`: bytes to keep. `pushed` is told of all that comes, also of what is not kept. */
  constructor(limit: number, pushed?: (chunk: Buffer) => void) {
    this.#limit = limit
    this.#half = Math.ceil(limit / 2)
    this.#pushed = pushed
  }

  /** Bytes that came, kept or not. */
  get total(): number {
    return this.#total
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length
    const room = this.#half - this.#head.length
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)])
    const rest = chunk.subarray(Math.max(0, room))
    if (rest.length > 0) this.#keepTail(rest)
    this.#pushed?.(chunk)
  }

  #keepTail(rest: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, rest.subarray(Math.max(0, rest.length - this.#half))])
    if (this.#tail.length > this.#limit) this.#tail = Buffer.from(this.#tail.subarray(this.#tail.length - this.#half))
  }

  /** The text so far. It is cut further where its JSON would be half as long again as the limit (binary output). */
  kept(): KeptText {
    for (let bytes = this.#limit; ; bytes = Math.floor(bytes / 2)) {
      const kept = this.#keep(bytes)
      if (bytes < 64 || Buffer.byteLength(JSON.stringify(kept.text)) <= Math.max(256, this.#limit * 1.5)) return kept
    }
  }

  #keep(bytes: number): KeptText {
    if (this.#total <= bytes) {
      const all = Buffer.concat([this.#head, this.#tail])
      return {
        text: decoder.decode(all),
        truncated: false,
        ...(isUtf8(all) || all.length > this.#limit / 2 ? {} : { base64: all.toString("base64") })
      }
    }
    const headBytes = Math.min(Math.ceil(bytes / 2), this.#head.length)
    const head = this.#head.subarray(0, headBytes)
    const tailBytes = Math.max(0, bytes - headBytes)
    const all = this.#tail.length >= tailBytes ? this.#tail : Buffer.concat([this.#head, this.#tail])
    const tail = all.subarray(all.length - tailBytes)
    const first = head.subarray(0, wholeUntil(head))
    const last = tail.subarray(wholeFrom(tail))
    const left = this.#total - first.length - last.length
    return { text: `${decoder.decode(first)}\n[… ${left} bytes left out …]\n${decoder.decode(last)}`, truncated: true }
  }
}
