/**
 * A plugin with one command, `daily_cleanup`, that deletes old files from a directory, and that schedules itself: the
 * first worker that has it makes the task, later ones find it there.
 *
 *     nagatha up --plugin examples/plugins/my-plugin.ts
 *     nagatha schedule plugin_command "in 5 seconds" --plugin-name my_plugin --command-name daily_cleanup \
 *       --args '{"directory": "/tmp/old", "olderThanDays": 7}'
 */
import { readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Schema } from "effect"
import { definePlugin } from "nagatha-scheduler"

const DAY_MS = 86_400_000

export default definePlugin({
  name: "my_plugin",
  version: "1.0.0",
  description: "Deletes what is old.",

  setup: async ({ log, scheduler }) => {
    // With a task id of its own it is scheduled once, however often workers start.
    const { created, understoodAs } = await scheduler.schedulePluginCommand({
      taskId: "my_plugin-daily_cleanup",
      taskName: "Daily Cleanup",
      pluginName: "my_plugin",
      commandName: "daily_cleanup",
      arguments: { directory: "/tmp/nagatha-old-files" },
      schedule: "0 2 * * *"
    })
    if (created) log(`scheduled the daily cleanup: ${understoodAs}`)
  },

  commands: {
    daily_cleanup: {
      description: "Deletes the files of a directory that have not changed for a while.",
      parameters: Schema.Struct({
        directory: Schema.String.annotate({ description: "which directory; a missing one is empty" }),
        olderThanDays: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
      }),
      run: async ({ directory, olderThanDays = 30 }, context) => {
        const names = await readdir(directory).catch(() => [])
        const deleted: Array<string> = []
        for (const [index, name] of names.entries()) {
          // Asked to stop, between two files.
          context.signal.throwIfAborted()
          const file = join(directory, name)
          const { mtimeMs } = await stat(file)
          if (Date.now() - mtimeMs > olderThanDays * DAY_MS) {
            await rm(file, { recursive: true })
            context.log(`deleted ${file}`)
            deleted.push(name)
          }
          context.progress((index + 1) / names.length, name)
        }
        return { deleted }
      }
    }
  }
})
