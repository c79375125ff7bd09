/**
 * What is started by a message and not by time: `on subject orders.created`, `after backup fails`. Strict as the other
 * readers: the whole text is understood or the wrong part of it is marked.
 */
import { other, type Reading, refused, type Refusal, type WhenOptions } from "./Reading.ts"
import type { Ending } from "./Recurrence.ts"

/** Most tasks that one task follows. */
export const MAX_FOLLOWED = 16

const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const ENDINGS: Readonly<Record<string, Ending>> = {
  succeeds: "success",
  succeed: "success",
  fails: "failure",
  fail: "failure",
  ends: "end",
  end: "end"
}
/** Words that say a length of time: `after 5 minutes` means `in 5 minutes`. */
const TIME = /^(?:an?|\d+|one|two|three)$/i

/** The subjects on which the scheduler itself announces; all but these under `scheduler.` are not to be listened to. */
export const OWN_EVENTS = [
  "scheduled",
  "updated",
  "rescheduled",
  "paused",
  "resumed",
  "cancelled",
  "restored",
  "due",
  "started",
  "stopping",
  "success",
  "retry",
  "failure",
  "skipped",
  "completed"
]

/** The event that a subject of the scheduler's own events names; undefined for all other subjects. */
export const ownEvent = (subject: string): string | undefined => /^scheduler\.task\.([a-z]+)$/.exec(subject)?.[1]

/** Whether words say that messages start a task, and not time. */
export const sayMessages = (words: string): boolean => /^\s*(?:on\s+subject|after)\s/i.test(words)

/** The subject that words name, whether or not a task may be started from it; undefined for other words. */
export const subjectOf = (words: string): string | undefined => {
  const subject = /^on subject (\S+)$/i.exec(words.trim().replace(/\s+/g, " "))?.[1]
  return subject === undefined || subjectProblem(subject) !== undefined ? undefined : subject
}

const token = (subject: string, index: number): { readonly start: number; readonly end: number } => {
  const tokens = subject.split(".")
  const start = tokens.slice(0, index).reduce((length, one) => length + one.length + 1, 0)
  return { start, end: start + (tokens[index]?.length ?? 0) }
}

/** What is wrong with a subject, with the place in it; undefined where a task may be started from it. */
export const subjectProblem = (
  subject: string
): { readonly problem: string; readonly start: number; readonly end: number } | undefined => {
  const all = { start: 0, end: subject.length }
  const tokens = subject.split(".")
  const empty = tokens.indexOf("")
  if (empty >= 0) {
    const { start } = token(subject, empty)
    return { problem: "a subject has no empty parts", start: Math.max(0, start - 1), end: Math.max(1, start) }
  }
  const [first = ""] = tokens
  if (first.startsWith("$") || first.startsWith("_INBOX")) {
    return { problem: `subjects under ${first} belong to NATS itself`, ...token(subject, 0) }
  }
  if (first === "*" || first === ">") {
    return { problem: "a subject begins with a word: every message of a server starts no task", ...token(subject, 0) }
  }
  for (const [index, one] of tokens.entries()) {
    if (one === ">" && index < tokens.length - 1)
      return { problem: '">" stands at the end only', ...token(subject, index) }
    if (one !== "*" && one !== ">" && /[*>]/.test(one)) {
      return { problem: `a wildcard is a part of its own: "*" or, at the end, ">"`, ...token(subject, index) }
    }
  }
  if (first === "scheduler" && tokens[1] !== "notification") {
    const event = ownEvent(subject)
    if (event !== undefined && OWN_EVENTS.includes(event)) return undefined
    return {
      problem: `name one event, such as scheduler.task.failure: ${OWN_EVENTS.join(", ")}`,
      ...(tokens[1] === "task" && tokens.length > 2 ? token(subject, 2) : all)
    }
  }
  return undefined
}

const onSubject = (text: string): Reading => {
  const said = /^on subject(?: (.*))?$/i.exec(text)
  if (said === null) return other
  const subject = said[1] ?? ""
  const at = "on subject ".length
  if (subject === "") return refused("say the subject: on subject orders.created", 0, text.length)
  const blank = subject.indexOf(" ")
  if (blank >= 0)
    return refused("a subject has no blanks", at + blank, text.length, `on subject ${subject.slice(0, blank)}`)
  const wrong = subjectProblem(subject)
  if (wrong !== undefined) return refused(wrong.problem, at + wrong.start, at + wrong.end, "on subject")
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "subject", subject },
      understoodAs: `when a message arrives on ${subject}`,
      notes: []
    }
  }
}

const ENDED: Readonly<Record<Ending, string>> = { success: "has succeeded", failure: "has failed", end: "has ended" }

/** Names in a list, the last after `or`. */
const either = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1) ?? ""}`

const afterTasks = (text: string, { taskId }: WhenOptions): Reading => {
  if (!/^after\b/i.test(text)) return other
  const words = [...text.matchAll(/[^\s,]+|,/g)].map(({ 0: word, index }) => ({
    word,
    index,
    end: index + word.length
  }))
  const [, first] = words
  if (first === undefined) return refused("say the id of a task: after backup", 0, text.length)
  if (words.length === 2 && /^\d+(?:s|m|h|d|w|min|sec)$/i.test(first.word)) {
    return refused(`a length of time is said with "in": in ${first.word}`, 0, "after".length)
  }
  if (
    TIME.test(first.word) &&
    words.length > 2 &&
    /^(?:sec|min|hour|day|week|month|year|s$|m$|h$)/i.test(words[2]?.word ?? "")
  ) {
    return refused('what comes after a length of time is said with "in": in 5 minutes', 0, "after".length)
  }
  const tasks: Array<string> = []
  let on: Ending = "success"
  let wants = true
  for (const { end, index, word } of words.slice(1)) {
    const soFar = text.slice(0, index).trim()
    const wrong = (problem: string): Refusal => refused(problem, index, end, soFar)
    const last = end === text.length
    if (wants) {
      if (!TASK_ID.test(word)) return wrong(`${JSON.stringify(word)} is no task id`)
      if (word === taskId) return wrong("a task does not start itself")
      if (!tasks.includes(word)) tasks.push(word)
      wants = false
    } else if (word === "," || word.toLowerCase() === "or") wants = true
    else if (Object.hasOwn(ENDINGS, word.toLowerCase()) && last) on = ENDINGS[word.toLowerCase()] ?? on
    else return wrong(last ? `say succeeds, fails or ends` : `"," or "or" stands between task ids`)
  }
  if (wants) return refused("a task id is missing at the end", text.length - 1, text.length)
  if (tasks.length > MAX_FOLLOWED) return refused(`at most ${MAX_FOLLOWED} tasks are followed`, 0, text.length)
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "after", tasks, on },
      understoodAs: `each time ${either(tasks)} ${ENDED[on]}`,
      notes: []
    }
  }
}

/** Reads what is started by messages. */
export const messageWords = (text: string, options: WhenOptions): Reading => {
  const subject = onSubject(text)
  return subject._tag === "other" ? afterTasks(text, options) : subject
}
