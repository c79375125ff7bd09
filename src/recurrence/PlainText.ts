/** A text without what does not count (blanks around and doubled, a full stop at the end, wide letters), with the places of the original. */

export interface PlainText {
  readonly text: string
  /** Where a character of the plain text stands in the original. */
  readonly place: (index: number) => number
}

export const plainText = (original: string): PlainText => {
  let text = ""
  const places: Array<number> = []
  let at = 0
  for (const character of original) {
    for (const unit of character.normalize("NFKC").split("")) {
      const blank = /\s/.test(unit)
      if (blank && (text === "" || text.endsWith(" "))) continue
      text += blank ? " " : unit
      places.push(at)
    }
    at += character.length
  }
  // A question mark that stands alone belongs to cron.
  const plain = text.trimEnd().replace(/(?<=[\p{L}\p{N}])[.!?]+$/u, "")
  const last = plain === "" ? 0 : (places[plain.length - 1] ?? 0)
  return { text: plain, place: (index) => places[Math.max(0, Math.min(index, plain.length - 1))] ?? last }
}
