import type { Command } from 'commander'
import { toHex } from '../../common/keys.ts'
import { quoted } from '../../common/shell.ts'
import { UserError } from '../../common/user-error.ts'
import type { Cli } from '../cli.ts'
import { givenKey, newKey } from '../encryption.ts'
import type { Folder } from '../folder.ts'
import { holdAlone } from '../hold.ts'
import type { Run } from '../program.ts'
import { table } from '../text.ts'

const AFTER = `
Examples:
  $ autobee create                               in ./autobee-data
  $ autobee create --data ./notes
  $ autobee create --encrypted                   makes an encryption key, and keeps it in the folder (mode 0600)
  $ autobee create --encryption-key-file key.txt with a key of your own: 64 hex digits`

export function addCreate(program: Command, run: Run): void {
  program
    .command('create')
    .description('make a new database')
    .option('--encrypted', 'encrypt it with a new key')
    .addHelpText('after', AFTER)
    .action(({ encrypted = false }: { encrypted?: boolean }, command: Command) =>
      run(command, cli => create(cli, { encrypted }))
    )
}

async function create(cli: Cli, { encrypted }: { encrypted: boolean }): Promise<void> {
  const { folder, output, life, encryption } = cli
  await checkNew(folder)
  const given = await givenKey(encryption)
  const encryptionKey = encrypted || given ? await newKey(folder, given) : null
  const peer = await holdAlone(folder, {
    signal: life.interrupted,
    options: async () => ({ key: null, encryptionKey })
  })
  try {
    // another one may have made it meanwhile
    await checkNew(folder)
    const key = peer.kv.id as string
    await folder.save({ version: 1, key, encrypted: encryptionKey !== null, port: 0, connect: [] })
    const writer = toHex(peer.kv.local.key)
    const encryptionKeyFile = encryptionKey ? folder.keyFile : null
    const row = { key, writer, data: folder.path, encrypted: encryptionKey !== null, encryptionKeyFile }
    await output.row(row, show(row, folder))
  } finally {
    await peer.close()
  }
}

async function checkNew(folder: Folder): Promise<void> {
  const config = await folder.config()
  if (config)
    throw new UserError(
      `${folder.name} holds a database already: ${config.key}. Use it, or choose another folder with --data.`,
      { code: 'DATABASE_EXISTS', details: { key: config.key } }
    )
  folder.checkFree()
}

function show(
  { key, writer, encryptionKeyFile }: { key: string; writer: string; encryptionKeyFile: string | null },
  folder: Folder
): string {
  const data = folder.isDefault ? '' : ` --data ${quoted(folder.name)}`
  const lines = [
    `Created a database in ${folder.name}.`,
    table([
      ['key', key],
      ['writer', `${writer} (this peer)`],
      ...(encryptionKeyFile ? ([['encrypted', `its key is in ${encryptionKeyFile}`]] as const) : [])
    ])
  ]
  if (encryptionKeyFile) lines.push('Other peers need that key to join: hand the file to them in a safe way.')
  lines.push(
    `Write with \`autobee put KEY VALUE${data}\`; let other peers connect with \`autobee serve${data}\`.`
  )
  return lines.join('\n')
}
