/**
 * Every subject and stream name of a namespace, in one place. Who may publish where is decided by `Roles.ts`; the
 * subjects of the streams are those of what they store, and are written by way of `WriteSubjects.ts`.
 *
 * What the server republishes for everybody carries no namespace: `service/Announced.ts`.
 */

export interface Subjects {
  readonly namespace: string
  /** Stream of the log; limits retention, nothing deleted or purged. */
  readonly logStream: string
  readonly eventsStream: string
  readonly workStream: string
  /** Key-value bucket in which nodes announce themselves. */
  readonly nodesBucket: string
  log(partition: number): string
  readonly allLog: string
  event(partition: number, queue: string, event: string): string
  readonly allEvents: string
  /** Announced events of one partition. */
  eventsOf(partition: number): string
  work(queue: string): string
  readonly allWork: string
  /** Durable consumer of a queue. */
  consumer(queue: string): string
  /** Commands to any node, which hands them to the owner. */
  command(verb: string): string
  query(name: string): string
  /** Straight to the owner of a partition: `command` (clients), `claim`, `heartbeat`, `report` (workers). */
  partition(partition: number, verb: string): string
  /** Where clients may publish what starts tasks. */
  readonly allTriggers: string
  /** Keeps what is published there. */
  readonly triggersStream: string
  /** Keeps what is published on subjects that no other stream holds, and start tasks. */
  readonly capturedStream: string
  /** Reader of the messages that start a task. */
  trigger(taskId: string): string
  /** Keeps where named subscriptions stand. */
  readonly subscriptionsStream: string
  subscription(name: string): string
  readonly allSubscriptions: string
  /** A worker asks for the consumers of its queues. */
  readonly register: string
  /** Somebody wants to hear what an execution writes. */
  follow(executionId: string): string
}

export const subjectsOf = (namespace: string): Subjects => {
  const upper = namespace.toUpperCase()
  return {
    namespace,
    logStream: `${upper}_LOG`,
    eventsStream: `${upper}_EVENTS`,
    workStream: `${upper}_WORK`,
    nodesBucket: `${upper}_NODES`,
    log: (partition) => `${namespace}.log.${partition}`,
    allLog: `${namespace}.log.*`,
    event: (partition, queue, event) => `${namespace}.event.${partition}.${queue}.${event}`,
    allEvents: `${namespace}.event.*.*.*`,
    eventsOf: (partition) => `${namespace}.event.${partition}.>`,
    work: (queue) => `${namespace}.work.${queue}`,
    allWork: `${namespace}.work.*`,
    consumer: (queue) => queue,
    command: (verb) => `${namespace}.command.${verb}`,
    query: (name) => `${namespace}.query.${name}`,
    partition: (partition, verb) => `${namespace}.partition.${partition}.${verb}`,
    subscriptionsStream: `${upper}_SUBSCRIPTIONS`,
    subscription: (name) => `${namespace}.subscription.${name}`,
    allSubscriptions: `${namespace}.subscription.*`,
    allTriggers: `${namespace}.trigger.>`,
    triggersStream: `${upper}_TRIGGERS`,
    capturedStream: `${upper}_CAPTURED`,
    trigger: (taskId) => `${namespace}-trigger-${taskId}`,
    register: `${namespace}.worker.register`,
    follow: (executionId) => `${namespace}.follow.${executionId}`
  }
}
