import type { Command } from 'commander'
import type { Change } from '../operations/reading.ts'
import type { Run } from '../program.ts'
import { showKey, showValue } from '../text.ts'
import { type RangeFlags, rangeOf, withRange } from './range.ts'

const AFTER = `
Prints each key that changes until Ctrl-C: what this peer writes, what comes from others, and what a merge rearranges.
Who reads slowly gets the difference to what is there by then. With --json, each line is
{"type":"put","key":…,"value":…,"previous":…} ("previous" only if the key was there) or {"type":"del","key":…,"previous":…}.
Changes come from elsewhere only while \`autobee serve\` runs on the same folder.

Examples:
  $ autobee watch
  $ autobee watch --prefix user: --json
  $ autobee watch --initial                      prints what is there first`

interface Flags extends RangeFlags {
  readonly initial?: boolean
}

export function addWatch(program: Command, run: Run): void {
  withRange(program.command('watch'))
    .description('print what changes')
    .option('--initial', 'print what is there first, as if it had just been put')
    .addHelpText('after', AFTER)
    .action((flags: Flags, command: Command) => {
      const { initial = false } = flags
      return run(
        command,
        async cli => {
          for await (const row of cli.read({ op: 'watch', params: { ...rangeOf(flags), initial } })) {
            if (row.type === 'watching') cli.output.note('Watching; Ctrl-C ends.', { event: 'watching' })
            else await cli.output.row(row, () => show(row))
          }
        },
        { lasts: true }
      )
    })
}

function show(change: Change): string {
  const key = showKey(change.key)
  if (change.type === 'del') return `- ${key} (was ${showValue(change.previous)})`
  if (!('previous' in change)) return `+ ${key} = ${showValue(change.value)}`
  return `~ ${key} = ${showValue(change.value)} (was ${showValue(change.previous)})`
}
