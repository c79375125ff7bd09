/**
 * The Promise face of a service of effects, derived from its type: what gives an effect gives a promise of its value,
 * what gives a stream gives something to be walked through with `for await`, and what is an effect is a function. A
 * method that the service gets later is here at once.
 *
 * A promise is rejected with the error of the effect itself (`Refused`, `Unreachable`, `OutcomeUnknown`), which is an
 * `Error` that can be told by `instanceof`.
 */
import { Effect, Predicate, Stream } from "effect"

type PromisedMethod<Arguments extends ReadonlyArray<unknown>, Value> =
  Value extends Effect.Effect<infer A, infer _E, infer R>
    ? [R] extends [never]
      ? (...args: Arguments) => Promise<A>
      : never
    : Value extends Stream.Stream<infer A, infer _E, infer R>
      ? [R] extends [never]
        ? (...args: Arguments) => AsyncIterable<A>
        : never
      : never

/** Where every field of the only argument may be absent, so may the argument. */
type Given<Arguments extends ReadonlyArray<unknown>> = Arguments extends readonly [infer Query]
  ? [Query] extends [string | ReadonlyArray<unknown>]
    ? Arguments
    : [Partial<Query>] extends [Query]
      ? [query?: Query]
      : Arguments
  : Arguments

type PromisedMember<Member> = Member extends (...args: infer Arguments) => infer Value
  ? PromisedMethod<Given<Arguments>, Value>
  : PromisedMethod<[], Member>

/** Without what needs more than can be given to it here (a scope). */
export type Promised<Service> = {
  readonly [Name in keyof Service as [PromisedMember<Service[Name]>] extends [never] ? never : Name]: PromisedMember<
    Service[Name]
  >
}

/** Carries out an effect. */
export type Run = <A, E>(effect: Effect.Effect<A, E>) => Promise<A>

const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)
const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> => Stream.isStream(value)

/** All members of a service, promised; `run` carries out its effects. */
export const promised = <Service extends object>(service: Service, run: Run): Promised<Service> => {
  const given = (value: unknown): unknown => {
    if (isStream(value)) return Stream.toAsyncIterable(value)
    return isEffect(value) ? run(value) : value
  }
  const members = Object.entries(service).map(([name, member]: [string, unknown]) => [
    name,
    Predicate.isFunction(member) && !isEffect(member)
      ? (...args: ReadonlyArray<unknown>) => given(Reflect.apply(member, service, args))
      : () => given(member)
  ])
  return Object.fromEntries(members) as Promised<Service>
}
