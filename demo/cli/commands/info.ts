import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import type { Hello } from '../control/protocol.ts'
import { bytesIn } from '../disk.ts'
import type { Info } from '../operations/info.ts'
import type { Run } from '../program.ts'
import { showBytes, table } from '../text.ts'

const AFTER = `
With --json: {"key","discoveryKey","writer","role":"indexer"|"writer"|"removed"|"reader","entries","writers","encrypted",
"address","peers","version","node","data","bytes","pid"}; "address", "peers" and "pid" are null while nobody serves.

Examples:
  $ autobee info
  $ autobee info --json | jq -r .writer          what \`autobee add-writer\` takes on another peer`

const ROLES = {
  indexer: 'an indexer: writes, and takes part in settling the order',
  writer: 'a writer',
  removed: 'a reader: it was removed from the writers',
  reader: 'a reader: no writer has added it yet'
} as const

interface Shown extends Info {
  readonly data: string
  /** On disk. */
  readonly bytes: number
  readonly pid: number | null
}

export function addInfo(program: Command, run: Run): void {
  program
    .command('info')
    .description('print the keys, what this peer may do, and what there is')
    .addHelpText('after', AFTER)
    .action((_: object, command: Command) => run(command, info))
}

async function info(cli: Cli): Promise<void> {
  const { folder, output } = cli
  let holder: Hello | null = null
  const onhello = (hello: Hello) => {
    holder = hello
  }
  for await (const row of cli.read({ op: 'info', params: {} }, onhello)) {
    const pid = (holder as Hello | null)?.pid ?? null
    const all = { ...row, data: folder.path, bytes: await bytesIn(folder.store), pid }
    await output.row(all, show(all))
  }
}

function show(info: Shown): string {
  const { key, writer, role, entries, writers, encrypted, data, bytes, version, node } = info
  return table([
    ['key', key],
    ['writer', `${writer} (this peer)`],
    ['role', ROLES[role]],
    ['entries', String(entries)],
    ['writers', String(writers)],
    ['peers', showPeers(info)],
    ['folder', `${data} (${showBytes(bytes)})`],
    ['encrypted', encrypted ? 'yes' : 'no'],
    ['version', `autobee ${version}, node ${node}`]
  ])
}

function showPeers({ address, peers, pid }: Shown): string {
  if (!address || !peers) return pid === null ? 'not served' : `not served (process ${pid} has it open)`
  return `${peers.length === 0 ? 'none' : peers.join(', ')} (serving on ${address}, process ${pid})`
}
