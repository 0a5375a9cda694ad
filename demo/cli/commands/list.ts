import { type Command, InvalidArgumentError } from 'commander'
import type { Run } from '../program.ts'
import { showKey, showValue, UNFETCHED } from '../text.ts'
import { type RangeFlags, rangeOf, withRange } from './range.ts'

const AFTER = `
Keys come in the order of their bytes. With --json, each line is {"key":…,"value":…}, and \`autobee append\` takes it.

Examples:
  $ autobee list --prefix user:
  $ autobee list --gte a --lt b --limit 10
  $ autobee list --reverse --limit 1             the last one
  $ autobee list --json | autobee append --data ./other`

interface Flags extends RangeFlags {
  readonly reverse?: boolean
  readonly limit?: number
}

export function addList(program: Command, run: Run): void {
  withRange(program.command('list'))
    .description('print keys and values')
    .option('--reverse', 'from the last key to the first')
    .option('--limit <number>', 'at most so many', parseLimit)
    .addHelpText('after', AFTER)
    .action((flags: Flags, command: Command) =>
      run(command, async cli => {
        const { reverse = false, limit } = flags
        const params = { ...rangeOf(flags), reverse, ...(limit !== undefined && { limit }) }
        for await (const row of cli.read({ op: 'list', params })) {
          if ('type' in row) cli.output.note(UNFETCHED, { event: 'unfetched' })
          else await cli.output.row(row, () => `${showKey(row.key)} = ${showValue(row.value)}`)
        }
      })
    )
}

function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(limit)) return limit
  throw new InvalidArgumentError('It is a whole number, such as 10.')
}
