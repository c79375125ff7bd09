/** The words that a recurrence can be said with. */

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
]

/** `mon`, `mondays`, `thurs`: 0 for Sunday; -1 for what is no weekday. */
export const weekdayOf = (word: string): number => {
  const plain = word.replace(/s$/, "")
  const abbreviation = plain.length >= 3 ? plain : ""
  return WEEKDAYS.findIndex(
    (day) => day === plain || day === word || (abbreviation !== "" && day.startsWith(abbreviation))
  )
}

/** `jan`, `sept`: 1 for January; 0 for what is no month. */
export const monthOf = (word: string): number =>
  word.length < 3 ? 0 : MONTHS.findIndex((month) => month === word || month.startsWith(word)) + 1

/** `first` to `fifth`; -1 for `last`. */
const ORDINALS: Readonly<Record<string, number>> = { first: 1, second: 2, third: 3, fourth: 4, fifth: 5, last: -1 }

/** `first`, `last`, `3rd`, `21st`; undefined for what is none. */
export const ordinalOf = (word: string): number | undefined => {
  if (Object.hasOwn(ORDINALS, word)) return ORDINALS[word]
  const found = /^(\d{1,2})(st|nd|rd|th)$/.exec(word)
  return found === null ? undefined : Number(found[1])
}

export const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"] as const
export type Unit = (typeof UNITS)[number]

const SHORT_UNITS: Readonly<Record<string, Unit>> = {
  s: "second",
  sec: "second",
  m: "minute",
  min: "minute",
  h: "hour",
  hr: "hour",
  d: "day",
  w: "week",
  wk: "week",
  mo: "month",
  yr: "year"
}

/** `minutes`, `mins`, `m`; undefined for what is no unit. */
export const unitOf = (word: string): Unit | undefined => {
  const plain = word.length > 1 ? word.replace(/s$/, "") : word
  return UNITS.find((unit) => unit === plain) ?? (Object.hasOwn(SHORT_UNITS, plain) ? SHORT_UNITS[plain] : undefined)
}

const NUMBERS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  ninety: 90
}

/** `five`, `twenty`; undefined for what is no number. */
export const numberOf = (word: string): number | undefined => (Object.hasOwn(NUMBERS, word) ? NUMBERS[word] : undefined)

/** Parts of the day, with the hours that belong to them. */
export const DAYPARTS: Readonly<Record<string, { readonly first: number; readonly last: number }>> = {
  morning: { first: 0, last: 11 },
  afternoon: { first: 12, last: 18 },
  evening: { first: 16, last: 23 },
  night: { first: 18, last: 29 }
}

const DAY_NAME = "(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*"

/** Words that make a text one about what recurs, wherever they stand. */
const RECURRING = new RegExp(
  [
    "\\b(?:every|each|hourly|daily|nightly|weekly|fortnightly|monthly|quarterly|yearly|annually)\\b",
    "\\b(?:biweekly|bimonthly|semiweekly|weekdays|weekends|(?:sun|mon|tues|wednes|thurs|fri|satur)days)\\b",
    "\\b(?:once|twice|thrice|\\w+ times) (?:an?|per|every)\\b|\\b(?:once|twice|thrice) (?:dai|week|month|year)ly\\b",
    `\\b${DAY_NAME} ?(?:-|–|to|through) ?${DAY_NAME}\\b`
  ].join("|")
)

/** Whether a text, in lower case, says that it recurs: it is then never read as a single instant. */
export const recurs = (text: string): boolean => RECURRING.test(text)

/** All words that have a meaning somewhere: what a misspelt one is likened to. */
export const KNOWN = [
  ...WEEKDAYS,
  ...WEEKDAYS.map((day) => `${day}s`),
  ...MONTHS,
  ...UNITS,
  ...UNITS.map((unit) => `${unit}s`),
  ...Object.keys(ORDINALS),
  ...Object.keys(NUMBERS),
  ...Object.keys(DAYPARTS),
  ..."every each other daily weekly monthly yearly annually hourly quarterly fortnightly weekday weekdays weekend weekends".split(
    " "
  ),
  ..."at on the of in and from to between until till starting beginning ending through for times time except noon midday midnight half once working am pm nightly tomorrow today tonight next this".split(
    " "
  )
]
