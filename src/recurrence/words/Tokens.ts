/** A text as words with their places, and a reader that goes through them. */
import { nearest } from "../Near.ts"
import { KNOWN, numberOf } from "./Vocabulary.ts"

export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Words that cannot be read: why, and where. */
export class Unread {
  readonly problem: string
  readonly start: number
  readonly end: number
  constructor(problem: string, start: number, end: number) {
    this.problem = problem
    this.start = start
    this.end = end
  }
}

const TOKEN =
  /\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?|\d{1,2}:\d\d(?::\d\d)?|:\d\d|\d+(?:st|nd|rd|th)\b|\d+(?:[.]\d+)?|o'clock|[a-z]+|\S/g

export const tokens = (text: string): ReadonlyArray<Token> =>
  [...text.matchAll(TOKEN)].map(({ 0: word, index }) => ({ text: word, start: index, end: index + word.length }))

/** `; did you mean "monday"?` of the first misspelt word; empty where none is like a known one. */
export const guess = (text: string): string => {
  for (const [word] of text.toLowerCase().matchAll(/[a-z]+/g)) {
    if (word.length < 4 || KNOWN.includes(word)) continue
    const meant = nearest(word, KNOWN, (known) => [known], word.length < 6 ? 1 : 2)
    // Short words are like many: they must begin alike.
    if (meant !== undefined && (word.length > 4 || meant[0] === word[0]))
      return `; did you mean ${JSON.stringify(meant)}?`
  }
  return ""
}

/** Reads a text in lower case from its beginning. */
export class Reader {
  readonly text: string
  readonly #tokens: ReadonlyArray<Token>
  #at = 0

  constructor(text: string) {
    this.text = text
    this.#tokens = tokens(text)
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  /** The word here, or so many further on; empty at the end. */
  peek(ahead = 0): string {
    return this.#tokens[this.#at + ahead]?.text ?? ""
  }

  /** Where the next word begins. */
  get start(): number {
    return this.#tokens[this.#at]?.start ?? this.text.length
  }

  /** Where the last word that was read ends. */
  get end(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0
  }

  get place(): number {
    return this.#at
  }

  back(place: number): void {
    this.#at = place
  }

  next(): string {
    const word = this.peek()
    this.#at += 1
    return word
  }

  /** Reads these words when they come next, one after another. */
  take(...words: ReadonlyArray<string>): boolean {
    if (!words.every((word, index) => this.peek(index) === word)) return false
    this.#at += words.length
    return true
  }

  /** Reads the word when it is one of these. */
  oneOf(...words: ReadonlyArray<string>): string | undefined {
    return words.includes(this.peek()) ? this.next() : undefined
  }

  /** Tries to read something, and stays where it was when that is not there. */
  attempt<A>(read: () => A | undefined): A | undefined {
    const before = this.#at
    const value = read()
    if (value === undefined) this.#at = before
    return value
  }

  /** One or more of something, joined by commas and `and`. */
  list<A>(read: () => A | undefined): ReadonlyArray<A> | undefined {
    const first = this.attempt(read)
    if (first === undefined) return undefined
    const all = [first]
    for (;;) {
      const more = this.attempt(() => {
        const comma = this.take(",")
        const and = this.oneOf("and", "or", "&") !== undefined
        return comma || and ? read() : undefined
      })
      if (more === undefined) return all
      all.push(more)
    }
  }

  /** A whole number in digits or in words: `5`, `five`, `twenty five`, `twenty-five`. */
  wholeNumber(): number | undefined {
    return this.attempt(() => {
      const word = this.next()
      if (/^\d+$/.test(word)) return Number(word)
      const number = numberOf(word)
      if (number === undefined || number < 20) return number
      const ones = this.attempt(() => {
        this.take("-")
        const more = numberOf(this.next())
        return more !== undefined && more < 10 ? more : undefined
      })
      return number + (ones ?? 0)
    })
  }

  /** What comes next is not understood. */
  unread(problem?: string): Unread {
    const word = this.peek()
    const at = this.start
    const end = at + Math.max(1, word.length)
    if (problem !== undefined) return new Unread(problem, at, end)
    if (word === "") return new Unread("the words end too early", at, end)
    if (!/^[a-z]{2,}$/.test(word) || KNOWN.includes(word)) {
      return new Unread(`${JSON.stringify(word)} does not fit here`, at, end)
    }
    return new Unread(`unknown word ${JSON.stringify(word)}${guess(word)}`, at, end)
  }
}
