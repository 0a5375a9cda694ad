import type { Command } from 'commander'
import type { Writer } from '../operations/members.ts'
import type { Run } from '../program.ts'
import { count } from '../text.ts'

const WRITERS = `
An indexer writes, and takes part in settling the order; a writer writes. With --json, each line is
{"key":…,"role":"indexer"|"writer"|"removed","entries":…,"local":…,"frozen":…}.

Examples:
  $ autobee writers`

const ADD = `
KEY is the writer's key that \`autobee info\` prints on the peer that is to write. Make indexers of peers that you trust.

Examples:
  $ autobee add-writer 7c1f…
  $ autobee add-writer 7c1f… --no-indexer        it writes, but never rewrites what is settled`

const REMOVE = `
What it has written stays; what it writes from then on is not taken any more. A peer cannot remove itself.

Examples:
  $ autobee remove-writer 7c1f…`

/** `writers`, `add-writer`, `remove-writer` */
export function addWriters(program: Command, run: Run): void {
  program
    .command('writers')
    .description('print who may write')
    .addHelpText('after', WRITERS)
    .action((_: object, command: Command) =>
      run(command, async cli => {
        for await (const writer of cli.read({ op: 'writers', params: {} }))
          await cli.output.row(writer, show(writer))
      })
    )
  program
    .command('add-writer <key>')
    .description('let a peer write')
    .option('--no-indexer', 'without a say in the order')
    .addHelpText('after', ADD)
    .action((key: string, { indexer }: { indexer: boolean }, command: Command) =>
      run(command, async cli => {
        for await (const row of cli.write({ op: 'add-writer', params: { key, noIndexer: !indexer } })) {
          const what = row.role === 'indexer' ? 'an indexer' : 'a writer'
          await cli.output.row(row, `${row.key} is ${row.changed ? 'now' : 'already'} ${what}.`)
        }
      })
    )
  program
    .command('remove-writer <key>')
    .description('let a peer write no more')
    .addHelpText('after', REMOVE)
    .action((key: string, _: object, command: Command) =>
      run(command, async cli => {
        for await (const row of cli.write({ op: 'remove-writer', params: { key } }))
          await cli.output.row(row, `${row.key} ${row.changed ? 'is removed' : 'was removed already'}.`)
      })
    )
}

function show({ key, role, entries, local, frozen }: Writer): string {
  const marks = [local ? 'this peer' : '', frozen ? 'frozen: its entries are not taken' : '']
  const shown = marks.filter(mark => mark !== '')
  return `${key}  ${role.padEnd(7)}  ${count(entries, 'entry', 'entries')}${shown.length > 0 ? `  (${shown.join(', ')})` : ''}`
}
