/** Flags that say which tasks are meant, and in which order: what `list` shows and counts. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import type { TaskFilter, TaskSort } from "../../projections/Queries.ts"
import { ExecutionStatus, TaskStatus } from "../../projections/ScheduledTask.ts"
import { choices, defined, maybe, present, text, texts } from "./Flags.ts"
import { edgeOf } from "./Moments.ts"

/** Names of orders on the command line. */
const SORTS: Readonly<Record<string, TaskSort>> = {
  next: "next",
  name: "name",
  created: "created",
  updated: "updated",
  "last-run": "lastRun",
  status: "status"
}

/** `--sort` and `--reverse`; `NAME-desc` is the other way round as well. */
export const sorting = (names: ReadonlyArray<string>, description: string) => ({
  sort: Flag.Literals("sort", [...names, ...names.map((name) => `${name}-desc`)]).pipe(
    Flag.withDescription(`${description}; with -desc the other way round`),
    Flag.optional
  ),
  reverse: present("reverse", "The other way round")
})

/** The order that is asked for: its name, and whether it is turned round. */
export const sortOf = <Sort extends string>(
  input: { readonly sort: Option.Option<string>; readonly reverse: boolean },
  sorts: Readonly<Record<string, Sort>>
): { readonly sort?: Sort; readonly reverse?: true } => {
  const asked = Option.getOrElse(input.sort, () => "")
  const sort = sorts[asked.replace(/-desc$/, "")]
  return {
    ...(sort === undefined ? {} : { sort }),
    ...(input.reverse === asked.endsWith("-desc") ? {} : { reverse: true as const })
  }
}

/** A range of instants as two flags. */
const range = (name: string, what: string) =>
  [
    text(`${name}-since`, "T", `Only tasks ${what} then or later`),
    text(`${name}-until`, "T", `Only tasks ${what} before then`)
  ] as const

const [createdSince, createdUntil] = range("created", "made")
const [updatedSince, updatedUntil] = range("updated", "that something happened to")
const [nextSince, nextUntil] = range("next", "that run next")
const [lastRunSince, lastRunUntil] = range("last-run", "that ran last")

export const whichTasks = {
  status: choices("status", TaskStatus.literals, "Only tasks with one of these statuses"),
  type: texts("type", "TYPE", "Only tasks of this type; several: of any of them"),
  name: text("name", "GLOB", "Only tasks whose name matches: * any text, ? one character"),
  tag: texts("tag", "TEXT", "Only tasks with this tag; several: with all of them"),
  anyTag: texts("any-tag", "TEXT", "Only tasks with at least one of these tags"),
  queue: texts("queue", "NAME", "Only tasks of this queue; several: of any of them"),
  search: text("search", "WORDS", "Only tasks with all these words in name, description, id or schedule"),
  id: texts("id", "ID", "Only tasks with this id, or whose id begins so; may be repeated"),
  lastStatus: choices("last-status", ExecutionStatus.literals, "Only tasks whose newest run stands so, such as failed"),
  paused: maybe("paused", "Only tasks that are paused; --no-paused: only others"),
  managedBy: text("managed-by", "WHO", "Only tasks that whoever matches looks after, such as apply:tasks or apply:*"),
  createdBy: text("created-by", "WHO", "Only tasks made by whoever matches, such as cli:ann or cli:*"),
  createdSince,
  createdUntil,
  updatedSince,
  updatedUntil,
  nextSince,
  nextUntil,
  lastRunSince,
  lastRunUntil,
  all: present("all", "Also tasks that ended more than a day ago")
}

export const taskSorting = sorting(Object.keys(SORTS), "Order: next (default: what runs next), or by one of these")

/** What the flags ask for, as far as they say something. */
export const taskSortOf = (input: { readonly sort: Option.Option<string>; readonly reverse: boolean }) =>
  sortOf(input, SORTS)

type Asked = {
  readonly [Flag in keyof typeof whichTasks]: (typeof whichTasks)[Flag] extends Flag.Flag<infer A> ? A : never
}

/** Several values, where there are some. */
export const given = <A>(values: ReadonlyArray<A>): Option.Option<ReadonlyArray<A>> =>
  values.length === 0 ? Option.none() : Option.some(values)

/** The filter that the flags make; instants are read in the zone. */
export const taskFilterOf = Effect.fnUntraced(function* (input: Asked, zone: string) {
  const edge = (words: Option.Option<string>, side: "begin" | "end", durations: "ago" | "ahead" = "ago") =>
    Option.isNone(words) ? Effect.succeedNone : Effect.asSome(edgeOf(words.value, side, { zone, durations }))
  const filter: TaskFilter = defined({
    status: given(input.status),
    type: given(input.type),
    name: input.name,
    tag: given(input.tag),
    anyTag: given(input.anyTag),
    queue: given(input.queue),
    search: input.search,
    id: given(input.id),
    lastStatus: given(input.lastStatus),
    paused: input.paused,
    createdBy: input.createdBy,
    managedBy: input.managedBy,
    createdSince: yield* edge(input.createdSince, "begin"),
    createdUntil: yield* edge(input.createdUntil, "end"),
    updatedSince: yield* edge(input.updatedSince, "begin"),
    updatedUntil: yield* edge(input.updatedUntil, "end"),
    nextRunSince: yield* edge(input.nextSince, "begin", "ahead"),
    nextRunUntil: yield* edge(input.nextUntil, "end", "ahead"),
    lastRunSince: yield* edge(input.lastRunSince, "begin"),
    lastRunUntil: yield* edge(input.lastRunUntil, "end")
  })
  return filter
})
