/**
 * The museum: events as each version wrote them. What a released version wrote is sealed, for it stands in somebody's log
 * and never changes; everything that this version may write has its piece, so that a later one is held to reading it.
 */
import { assert, describe, it } from "@effect/vitest"
import { SchemaAST } from "effect"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { CalendarEvent } from "../../src/events/CalendarEvent.ts"
import { Commit } from "../../src/events/Commit.ts"
import { hashOf } from "../../src/events/EventLog.ts"
import { QueueEvent } from "../../src/events/QueueEvent.ts"
import { TaskEvent } from "../../src/events/TaskEvent.ts"
import { MUSEUM, pieces } from "./museum/pieces.ts"

const UNRELEASED = "unreleased"
const sealed = JSON.parse(readFileSync(join(MUSEUM, "sealed.json"), "utf8")) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>

/** Definitions and causes have one shape, wherever they stand. */
const shared = (place: string): string => place.replace(/^\w+\.(definition|causedBy)\./, "$1.")

/** Places of a value, or of a schema: what is optional there. An event's places begin with its kind. */
const optionalIn = (ast: SchemaAST.AST, place: string, found: Set<string>): Set<string> => {
  switch (ast._tag) {
    case "Objects":
      for (const { name, type } of ast.propertySignatures) {
        const at = shared(`${place}.${String(name)}`)
        if (SchemaAST.isOptional(type)) found.add(at)
        optionalIn(type, at, found)
      }
      return found
    case "Arrays":
      for (const inner of [...ast.elements, ...ast.rest]) optionalIn(inner, `${place}[]`, found)
      return found
    case "Union":
      for (const inner of ast.types) optionalIn(inner, place, found)
      return found
    default:
      return found
  }
}

const placesIn = (value: unknown, place: string, found: Set<string>): Set<string> => {
  if (Array.isArray(value)) for (const inner of value) placesIn(inner, `${place}[]`, found)
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const at = shared(`${place}.${name}`)
      found.add(at)
      placesIn(inner, at, found)
    }
  }
  return found
}

const shown = (): Set<string> => {
  const found = new Set<string>()
  for (const { text } of pieces()) {
    const commit = JSON.parse(text) as Record<string, ReadonlyArray<{ readonly type: string }> | undefined>
    const { calendars = [], events = [], queues = [], ...head } = commit
    placesIn(
      { ...head, ...(commit["calendars"] && { calendars: [] }), ...(commit["queues"] && { queues: [] }) },
      "commit",
      found
    )
    for (const event of [...events, ...calendars, ...queues]) {
      found.add(event.type)
      placesIn(event, event.type, found)
    }
  }
  return found
}

describe("the museum", () => {
  it("has a room for each version, and nothing beside them", () => {
    const loose = readdirSync(MUSEUM).filter(
      (name) => name.endsWith(".json") && name !== basename("sealed.json") && statSync(join(MUSEUM, name)).isFile()
    )
    assert.deepStrictEqual(loose, [], `put new pieces into test/events/museum/${UNRELEASED}`)
  })

  it("keeps what a released version wrote as it was", () => {
    const rooms: Record<string, Record<string, string>> = {}
    for (const { name, text, version } of pieces()) {
      if (version !== UNRELEASED) (rooms[version] ??= {})[name] = hashOf(text)
    }
    assert.deepStrictEqual(rooms, sealed, "what is sealed never changes; with a release its pieces are sealed")
  })

  it("shows every kind of event, and every field that may be there or not", () => {
    const wanted = optionalIn(Commit.ast, "commit", new Set())
    for (const place of wanted) if (place.includes("[]")) wanted.delete(place)
    for (const { members } of [TaskEvent, CalendarEvent, QueueEvent]) {
      for (const member of members) {
        const type = member.fields.type.literal
        wanted.add(type)
        optionalIn(member.ast, type, wanted)
      }
    }
    const there = shown()
    assert.deepStrictEqual([...wanted].filter((place) => !there.has(place)).sort(), [])
    assert.isAbove(wanted.size, 60)
  })
})
