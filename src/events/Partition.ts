/**
 * Partitions: a fixed share of all tasks, the unit of ownership and of ordering.
 *
 * The number is fixed when the log is made and recorded with it: another number would send a task's commands to an
 * actor that does not know the task.
 */

/** FNV-1a, 32 bit, over UTF-16 code units; task ids are ASCII, so this equals the hash over bytes that NATS uses. */
export const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/** The partition of a task: `0 … partitions - 1`. */
export const partitionOf = (taskId: string, partitions: number): number => fnv1a(taskId) % partitions
