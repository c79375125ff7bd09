/** A judge of JSON that is not ours: the schemas of the catalogue, as an independent validator understands them. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { CATALOGUE, jsonSchemaOf } from "../../src/service/Catalogue.ts"

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

const validators = new Map<string, ValidateFunction>()
const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { "date-time": INSTANT } })
for (const entry of CATALOGUE) validators.set(entry.name, ajv.compile(jsonSchemaOf(entry)))

/** What is wrong with a value by a schema; empty where nothing is. */
export const problems = (name: string, value: unknown): string => {
  const validate = validators.get(name)
  if (validate === undefined) return `there is no schema ${name}`
  return validate(value) ? "" : `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`
}
