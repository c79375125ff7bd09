/** Which known word was meant by a misspelt one. */

/** Edits (insert, leave out, change, swap neighbours) that make one word the other. */
export const distance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((row[j - 1] ?? 0) + (same ? 0 : 1), (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The candidate nearest to a word by at most `most` edits; undefined when none is. */
export const nearest = <A>(
  word: string,
  candidates: Iterable<A>,
  names: (candidate: A) => ReadonlyArray<string>,
  most: number
): A | undefined => {
  let best: { readonly candidate: A; readonly far: number } | undefined
  for (const candidate of candidates) {
    for (const name of names(candidate)) {
      if (Math.abs(name.length - word.length) > most) continue
      const far = distance(word, name)
      if (far <= most && (best === undefined || far < best.far)) best = { candidate, far }
    }
  }
  return best?.candidate
}
