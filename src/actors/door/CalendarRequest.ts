/** What may be asked of the calendars of excluded days: the JSON of `nagatha.command.setCalendar` and its like. */
import { Result, Schema } from "effect"
import { CalendarName } from "../../events/TaskDefinition.ts"
import * as Exclusions from "../../recurrence/Exclusions.ts"
import type { Calendar, CalendarCommand } from "../Calendars.ts"
import { CommandOrigin, Refused } from "./TaskRequest.ts"

export const SetCalendarRequest = Schema.Struct({
  ...CommandOrigin,
  calendar: CalendarName,
  /** All its days: `2026-12-25`, `2026-12-24..2027-01-02`, `12-25` for every year; at most 1,000. */
  days: Schema.Array(Schema.String)
})
export type SetCalendarRequest = typeof SetCalendarRequest.Type

export const RemoveCalendarRequest = Schema.Struct({ ...CommandOrigin, calendar: CalendarName })
export type RemoveCalendarRequest = typeof RemoveCalendarRequest.Type

export const CalendarAnswer = Schema.Struct({
  calendar: Schema.String,
  /** Counted from 1. */
  revision: Schema.Int,
  logSequence: Schema.Int
})
export type CalendarAnswer = typeof CalendarAnswer.Type

/** A calendar as readers see it. */
export const CalendarView = Schema.Struct({
  calendar: Schema.String,
  days: Schema.Array(Schema.String),
  revision: Schema.Int,
  changedAt: Schema.String,
  logSequence: Schema.Int
})
export type CalendarView = typeof CalendarView.Type

export const viewOf = (calendar: Calendar): CalendarView => ({
  ...calendar,
  days: calendar.days.map(Exclusions.render)
})

/** Who sends a command, where the request does not say. */
export interface Sender {
  readonly commandId: string
  readonly actor: string
}

const causedBy = (request: RemoveCalendarRequest, sender: Sender): CalendarCommand["causedBy"] => ({
  commandId: request.commandId ?? sender.commandId,
  actor: request.actor ?? sender.actor,
  ...(request.reason === undefined ? {} : { reason: request.reason })
})

export const setCalendar = (request: SetCalendarRequest, sender: Sender): Result.Result<CalendarCommand, Refused> => {
  const { calendar, days } = request
  if (days.length === 0 || days.length > Exclusions.MAX_ENTRIES) {
    return Result.fail(
      new Refused({
        code: "invalidRequest",
        message: `a calendar has 1 to ${Exclusions.MAX_ENTRIES} days or stretches of days, not ${days.length}`
      })
    )
  }
  return Result.match(Result.all(days.map(Exclusions.parse)), {
    onFailure: (message) => Result.fail(new Refused({ code: "invalidRequest", message })),
    onSuccess: (read) => Result.succeed({ type: "set", calendar, days: read, causedBy: causedBy(request, sender) })
  })
}

export const removeCalendar = (request: RemoveCalendarRequest, sender: Sender): CalendarCommand => ({
  type: "remove",
  calendar: request.calendar,
  causedBy: causedBy(request, sender)
})
