/** Which of the known words a misspelt one was meant to be; pure, case matters not, at most a third of it may differ. */
import { distance } from "../recurrence/Near.ts"

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
