/** The plugins of this machine: those of `--plugin`, of the configuration file, and of the folder `plugins` beside it. */
import { Effect } from "effect"
import { dirname, join, resolve } from "node:path"
import { builtInDeclarations } from "../../work/TaskTypes.ts"
import { loadPlugins, pluginFilesIn } from "../../work/plugins/LoadPlugins.ts"
import { SequenceDeclaration } from "../../work/sequence/SequenceArgs.ts"
import type { LiveOptions } from "./Access.ts"

const RESERVED = [...builtInDeclarations, SequenceDeclaration].map(({ name }) => name)

/** Loaded, in the order in which they are set up, and those that are broken. */
export const pluginsHere = (
  { configDirectories: [directory], configuration }: Pick<LiveOptions, "configDirectories" | "configuration">,
  given: ReadonlyArray<string>
) => {
  const { file, values } = configuration
  const configured = (values.plugins ?? []).map((path) => resolve(dirname(file ?? ""), path))
  const found =
    directory === undefined ? Effect.succeed([]) : Effect.sync(() => pluginFilesIn(join(directory, "plugins")))
  return Effect.flatMap(found, (inFolder) => loadPlugins([...given, ...configured, ...inFolder], RESERVED))
}
