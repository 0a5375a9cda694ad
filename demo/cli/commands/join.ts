import { type Command, InvalidArgumentError } from 'commander'
import { type Address, parseAddress, showAddress } from '../../common/address.ts'
import { hexOfKey } from '../../common/keys.ts'
import { quoted } from '../../common/shell.ts'
import { UserError, usage } from '../../common/user-error.ts'
import type { Cli } from '../cli.ts'
import { givenKey, keepKey } from '../encryption.ts'
import type { Config, Folder } from '../folder.ts'
import type { Info } from '../operations/info.ts'
import type { Run } from '../program.ts'
import { table } from '../text.ts'

/** How long `--wait` waits, s. */
const DEFAULT_WAIT = 30

const AFTER = `
KEY is what \`autobee create\` and \`autobee info\` print, in hex or z-base-32. Joining the same database again changes
what \`serve\` connects to, and the encryption key.

Examples:
  $ autobee join 3f0a… --connect 192.0.2.7:4000  then: autobee serve
  $ autobee join 3f0a… --connect 192.0.2.7:4000 --wait
  $ autobee join 3f0a… --encryption-key-file key.txt`

interface Flags {
  readonly connect?: readonly Address[]
  readonly wait?: number | true
}

export function addJoin(program: Command, run: Run): void {
  program
    .command('join <key>')
    .description('join the database of another peer')
    .option(
      '--connect <host:port>',
      'a peer that `serve` connects to; may be given several times',
      addAddress
    )
    .option(
      '--wait [seconds]',
      `connect now, and wait until its data came (default: ${DEFAULT_WAIT} seconds)`,
      parseSeconds
    )
    .addHelpText('after', AFTER)
    .action((key: string, flags: Flags, command: Command) => run(command, cli => join(cli, key, flags)))
}

/** For Commander: one more of an option that may be given several times. */
export function addAddress(text: string, before: readonly Address[] = []): readonly Address[] {
  return [...before, parseAddress(text, '--connect')]
}

async function join(cli: Cli, text: string, { connect, wait }: Flags): Promise<void> {
  const { folder, output } = cli
  const key = hexOfKey(text)
  if (!key)
    throw usage(
      `"${text}" is no key. Take the one that \`autobee info\` prints on another peer: 64 hex digits, or 52 letters and digits.`,
      'INVALID_KEY'
    )
  const before = await checkFolder(folder, key)
  const encryptionKey = await givenKey(cli.encryption)
  const config = {
    version: 1,
    key,
    encrypted: encryptionKey !== null || (before?.encrypted ?? false),
    port: before?.port ?? 0,
    connect: connect ?? before?.connect ?? []
  } as const
  if (wait !== undefined && config.connect.length === 0)
    throw usage('--wait needs to know whom to connect to: give --connect HOST:PORT.')
  if (encryptionKey) await keepKey(folder, encryptionKey)
  await folder.save(config)
  if (wait !== undefined) {
    const { fetchFirst } = await import('../fetch.ts')
    await fetchFirst(cli, { connect: config.connect, seconds: wait === true ? DEFAULT_WAIT : wait })
  }
  for await (const info of cli.read({ op: 'info', params: {} })) {
    const row = {
      key,
      writer: info.writer,
      role: info.role,
      entries: info.entries,
      data: folder.path,
      encrypted: config.encrypted,
      connect: config.connect.map(showAddress)
    }
    await output.row(row, show(info, { config, folder }))
  }
}

/** What is there of the same database. @throws UserError `DATABASE_EXISTS` */
async function checkFolder(folder: Folder, key: string): Promise<Config | null> {
  const config = await folder.config()
  if (!config) folder.checkFree()
  if (!config || config.key === key) return config
  throw new UserError(
    `${folder.name} holds another database already: ${config.key}. Choose another folder with --data.`,
    { code: 'DATABASE_EXISTS', details: { key: config.key } }
  )
}

function show(
  { writer, role, entries }: Info,
  { config, folder }: { config: Config; folder: Folder }
): string {
  const { key, connect } = config
  const data = folder.isDefault ? '' : ` --data ${quoted(folder.name)}`
  const lines = [
    `Joined a database, in ${folder.name}.`,
    table([
      ['key', key],
      ['writer', `${writer} (this peer)`],
      ['entries', `${entries} so far`]
    ])
  ]
  lines.push(
    connect.length > 0
      ? `\`autobee serve${data}\` connects to ${connect.map(showAddress).join(', ')}.`
      : `Connect it with \`autobee serve${data} --connect HOST:PORT\`, or let another peer connect to it.`
  )
  if (role === 'reader' || role === 'removed')
    lines.push(`To let it write, run this on a peer that may:\n  autobee add-writer ${writer}`)
  return lines.join('\n')
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('It is a number of seconds, such as 30.')
}
