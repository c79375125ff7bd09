/** Text for people: whatever others wrote is shown without letting it steer the terminal. */
import { styleText } from "node:util"

/** C0 without tab and line feed, DEL, C1, and the marks that turn the direction of writing or hide in it. */
// oxlint-disable-next-line no-control-regex -- these are the characters to be made visible
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

const codePoint = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
}

/** Steering characters as `\x1b` or `\u202e`; lines and tabs stay. */
export const visible = (text: string): string => text.replace(/\r\n/g, "\n").replace(STEERING, codePoint)

/** As `visible`, in one line: `\n` and `\t` are shown as such. */
export const visibleLine = (text: string): string => visible(text).replace(/\n/g, "\\n").replace(/\t/g, "\\t")

/** JSON whose text cannot steer a terminal either; parses to the same value. */
export const safeJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, null, indent) ?? "null").replace(
    STEERING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Every line moved right by this many spaces. */
export const indented = (text: string, spaces: number): string => text.replace(/^(?=.)/gm, " ".repeat(spaces))

/** `1 task`, `2 tasks`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

const plain = (text: string): string => text
const styled = (format: "bold" | "dim" | "red" | "green" | "yellow" | "cyan") => (text: string) =>
  styleText(format, text, { validateStream: false })

/** Colours, or nothing where colour is not wanted. */
export const paint = (color: boolean): Paint =>
  color
    ? {
        bold: styled("bold"),
        dim: styled("dim"),
        red: styled("red"),
        green: styled("green"),
        yellow: styled("yellow"),
        cyan: styled("cyan")
      }
    : { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain }
