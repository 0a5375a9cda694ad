import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writeWhole } from '../common/json-file.ts'
import { hexOfKey, toHex } from '../common/keys.ts'
import { UserError, usage } from '../common/user-error.ts'
import type { Folder } from './folder.ts'

/** Where a user may give the key; never in the arguments, which everybody on the machine can read. */
export interface KeySource {
  /** `--encryption-key-file` */
  readonly file?: string | undefined
  /** `AUTOBEE_ENCRYPTION_KEY` */
  readonly text?: string | undefined
}

/** The encryption key that the user gave, 32 bytes; null when he gave none. @throws UserError */
export async function givenKey({ file, text }: KeySource): Promise<Uint8Array | null> {
  if (file !== undefined) return readKey(file)
  return text === undefined || text === '' ? null : parseKey(text, 'AUTOBEE_ENCRYPTION_KEY')
}

/** The key of a database that is encrypted: as given, or from its folder. @throws UserError */
export async function keyOf(folder: Folder, source: KeySource): Promise<Uint8Array> {
  return (await givenKey(source)) ?? readKey(folder.keyFile)
}

/** Puts the key into the folder, for this user's eyes only. */
export async function keepKey(folder: Folder, key: Uint8Array): Promise<void> {
  await writeWhole(folder.keyFile, textOf(key), { mode: 0o600 })
}

/**
 * A key for a new database in the folder: the one that is there, if a `create` did not come to its end, or a new one.
 * @param given the user's own
 * @throws UserError `DATABASE_EXISTS` when that is not the one that is there: a database may need it
 */
export async function newKey(folder: Folder, given: Uint8Array | null): Promise<Uint8Array> {
  const key = given ?? randomBytes(32)
  if (await writeWhole(folder.keyFile, textOf(key), { mode: 0o600, isNew: true })) return key
  const kept = await readKey(folder.keyFile)
  if (!given || toHex(kept) === toHex(given)) return kept
  throw new UserError(
    `${folder.keyFile} holds another encryption key. Choose another folder with --data, or move that file away.`,
    { code: 'DATABASE_EXISTS' }
  )
}

function textOf(key: Uint8Array): string {
  return `${toHex(key)}\n`
}

async function readKey(path: string): Promise<Uint8Array> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(
      `The encryption key cannot be read from ${path} (${(error as Error).message}). ` +
        'Put it there again, or give it with --encryption-key-file FILE or in AUTOBEE_ENCRYPTION_KEY.',
      { code: 'ENCRYPTION_KEY_MISSING' }
    )
  }
  return parseKey(text, path)
}

function parseKey(text: string, place: string): Uint8Array {
  const hex = hexOfKey(text)
  if (hex) return Buffer.from(hex, 'hex')
  // never the text itself: it may be a secret that was misspelt
  throw usage(
    `What is in ${place} is no encryption key. One is 32 bytes, written as 64 hex digits.`,
    'INVALID_KEY'
  )
}
