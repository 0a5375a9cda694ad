import { type Address, reachable, showAddress } from '../common/address.ts'
import { toHex } from '../common/keys.ts'
import { Network } from '../common/network.ts'
import { folderBeside, quoted } from '../common/shell.ts'
import { hintWhenSilent } from '../common/silence.ts'
import { UserError, usage } from '../common/user-error.ts'
import type { Cli } from './cli.ts'
import { letIn } from './direct.ts'
import type { Folder } from './folder.ts'
import { holdAlone } from './hold.ts'
import { aborted } from './life.ts'
import { roleOf } from './operations/members.ts'
import { explain, type OpenPeer } from './peer.ts'
import { openOptions } from './perform.ts'
import { table } from './text.ts'

export interface ServeOptions {
  /** null: the one of the last time, if it is free, or any. */
  readonly port: number | null
  readonly host: string
  /** null: those of the last time. */
  readonly connect: readonly Address[] | null
}

/** Serves until it is stopped. Resolves to the exit code. @throws UserError, AutobeeError, Stopped */
export async function serve(cli: Cli, options: ServeOptions): Promise<number> {
  const { folder, life } = cli
  if (options.host === '') throw usage('--host needs an address, such as --host 127.0.0.1.')
  await folder.existingConfig()
  const peer = await holdAlone(folder, { signal: life.interrupted, options: () => openOptions(cli) })
  try {
    const failed = tellEvents(peer, cli)
    const stop = await open(peer, { cli, options })
    const code = await Promise.race([aborted(life.ended).then(() => 0), failed])
    await stop()
    return code
  } finally {
    await peer.close()
  }
}

/** Listens and dials, for peers and for commands. Resolves to what ends both. */
async function open(
  peer: OpenPeer,
  { cli, options }: { cli: Cli; options: ServeOptions }
): Promise<() => Promise<void>> {
  const { folder, output } = cli
  const { kv } = peer
  const config = await folder.existingConfig()
  const connect = options.connect ?? config.connect
  const problem = (code: string) => (sentence: string) => output.problem(new UserError(sentence, { code }))
  const network = await Network.listen(kv, {
    host: options.host,
    port: options.port,
    lastPort: config.port,
    portFlag: '--listen',
    tell: ({ event, address }) =>
      void output.row({ event, address }, `${event === 'peer' ? 'Connected' : 'Disconnected'}: ${address}`),
    problem: problem('TRANSPORT_FAILED')
  })
  try {
    const control = await letIn({ ...peer, network }, { folder, command: 'serve' })
    await folder.save({ ...config, port: network.port, connect })
    await tellReady(peer, { cli, network, connect })
    network.dial(connect)
    hintWhenSilent(kv.db, { isConnected: () => network.isConnected, problem: problem('NO_DATA') })
    return async () => {
      await control.close()
      await network.close()
    }
  } catch (error) {
    await network.close()
    throw error
  }
}

/** Tells what happens. Resolves, to an exit code, when nothing more can. */
function tellEvents({ kv }: OpenPeer, { output, folder }: Cli): Promise<number> {
  kv.on('writer', ({ key, isIndexer, isRemoved }) => {
    const role = roleOf({ isIndexer, isRemoved })
    const hex = toHex(key)
    const what = { indexer: 'is an indexer now', writer: 'is a writer now', removed: 'was removed' }[role]
    void output.row({ event: 'writer', key: hex, role }, `Writer ${hex} ${what}.`)
  })
  kv.on('writable', () => void output.row({ event: 'writable' }, 'This peer may write now.'))
  kv.on(
    'unwritable',
    () => void output.row({ event: 'unwritable' }, 'This peer may write no more; it reads.')
  )
  kv.on('writer-frozen', ({ key, length, reason, message }) =>
    output.problem(
      new UserError(`Writer ${toHex(key)} is not followed from entry ${length} on: ${message}`, {
        code: reason
      })
    )
  )
  kv.on('conflict', ({ key, isLocal }) =>
    output.problem(
      new UserError(
        isLocal
          ? 'This folder was used in two places, and its log has forked. Join again with a new --data.'
          : `The log of writer ${toHex(key)} has forked; it is followed no further.`,
        { code: 'CONFLICT' }
      )
    )
  )
  return new Promise(resolve => {
    kv.on('error', error => {
      output.problem(explain(error, folder))
      resolve(1)
    })
  })
}

async function tellReady(
  { kv, encrypted }: OpenPeer,
  { cli, network, connect }: { cli: Cli; network: Network; connect: readonly Address[] }
): Promise<void> {
  const { folder, output } = cli
  const own = [...kv.writers].find(({ isLocal }) => isLocal)
  const key = kv.id as string
  const writer = toHex(kv.local.key)
  const address = showAddress(network)
  const role = own ? roleOf(own) : 'reader'
  const row = {
    event: 'ready',
    key,
    writer,
    role,
    address,
    pid: process.pid,
    connect: connect.map(showAddress)
  }
  await output.row(row, show({ key, writer, canWrite: kv.writable, isEncrypted: encrypted, network, folder }))
}

interface Shown {
  readonly key: string
  readonly writer: string
  readonly canWrite: boolean
  readonly isEncrypted: boolean
  readonly network: Network
  readonly folder: Folder
}

function show({ key, writer, canWrite, isEncrypted, network, folder }: Shown): string {
  const other = quoted(folderBeside(folder.path))
  const secret = isEncrypted ? ` --encryption-key-file ${quoted(folder.keyFile)}` : ''
  const lines = [
    `Serving the database in ${folder.name}; Ctrl-C ends.`,
    table([
      ['key', key],
      ['writer', `${writer} (this peer)`],
      ['listening', showAddress(network)]
    ]),
    '',
    'Another peer joins with these two lines, in another terminal:',
    `  autobee join ${key} --connect ${reachable(network)} --data ${other}${secret}`,
    `  autobee serve --data ${other}`
  ]
  if (!canWrite) {
    lines.push(
      '',
      'This peer only reads so far. To let it write, run this on a peer that may:',
      `  autobee add-writer ${writer}`
    )
  }
  lines.push('')
  return lines.join('\n')
}
