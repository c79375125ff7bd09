/** Which of the known words a misspelt one was meant to be; pure, case matters not, at most a third of it may differ. */
const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const swap = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

/** The nearest known word, or undefined where none is near enough. */
export const suggestion = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const asked = word.slice(0, 64).toLowerCase()
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    const found = distance(asked, name.toLowerCase())
    if (found <= Math.max(1, Math.floor(name.length / 3)) && (best === undefined || found < best.distance)) {
      best = { name, distance: found }
    }
  }
  return best?.name
}
