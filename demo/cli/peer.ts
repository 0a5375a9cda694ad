import { openStore } from '../../adapters/storage/file.ts'
import { AutobeeError } from '../../src/index.ts'
import { KeyValue } from '../../src/kv/index.ts'
import { UserError } from '../common/user-error.ts'
import type { Folder } from './folder.ts'
import type { Peer } from './operations/operation.ts'

export interface OpenOptions {
  /** Of the database, as hex; null: the one that the store made, or makes. */
  readonly key: string | null
  readonly encryptionKey: Uint8Array | null
}

/** A database with its store. */
export interface OpenPeer extends Peer {
  close(): Promise<void>
}

/**
 * Opens the database in a folder, for this process alone.
 * @throws UserError, AutobeeError `STORE_LOCKED` while somebody else has it open
 */
export async function openPeer(
  folder: Folder,
  { key, encryptionKey }: OpenOptions
): Promise<OpenPeer & { network: null }> {
  const store = await openStore(folder.store)
  try {
    const kv = new KeyValue<string, unknown>(store, key, { encryptionKey })
    const close = async () => {
      await kv.close()
      await store.close()
    }
    await kv.ready().catch(async error => {
      await kv.close()
      throw error
    })
    return { kv, network: null, encrypted: encryptionKey !== null, close }
  } catch (error) {
    await store.close()
    throw explain(error, folder)
  }
}

/** What the database cannot know: how it is put right from the command line. */
export function explain(error: unknown, folder: Folder): unknown {
  if (AutobeeError.is(error, 'OPTIONS_MISMATCH'))
    return new UserError(
      `The database in ${folder.name} is no key-value database of this command line: it was made by a program, with an \`apply\` or encodings of its own. Choose another folder with --data.`,
      { code: error.code }
    )
  if (AutobeeError.is(error, 'ENCRYPTION_KEY_MISMATCH'))
    return new UserError(
      'The database is encrypted with another key, or with one when none was given. Run `autobee join KEY --encryption-key-file FILE` again, with the encryption key of the peer that made it.',
      { code: error.code }
    )
  return error
}
