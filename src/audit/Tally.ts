/** What was counted while a log was read. */
export interface Tally {
  due: number
  manual: number
  steps: number
  late: number
  latestMs: number
  /** Instants that were skipped, by reason. */
  readonly skipped: Map<string, number>
  success: number
  failure: number
  retry: number
  /** Instants that an edit or a cancellation came before. */
  forgone: number
}

export const newTally = (): Tally => ({
  due: 0,
  manual: 0,
  steps: 0,
  late: 0,
  latestMs: 0,
  skipped: new Map(),
  success: 0,
  failure: 0,
  retry: 0,
  forgone: 0
})
