import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readJsonFile, writeWhole } from '../common/json-file.ts'
import { UserError } from '../common/user-error.ts'

/** What is remembered beside the store. It lets one read the board, and write: for this user's eyes only. */
export interface Memory {
  readonly version: 1
  /** Of the database, as hex; null: it was never opened, or was made here by a start that did not come to its end. */
  readonly key: string | null
  /** As hex; null: the board is not encrypted. */
  readonly encryptionKey: string | null
  /** Of the invitation in the link that is printed, as hex; null: the board was joined by a link without one. */
  readonly seed: string | null
  /** The port of the last time; 0: none yet. */
  readonly port: number
  /** Relays of the board that was joined; null: it was made here. */
  readonly joined: { readonly relays: readonly string[] } | null
}

const NAME = 'board.json'
/** Of other programs, and what they keep there. */
const OTHERS = {
  'autobee.json': 'a database of the command line',
  'peer.json': 'a database of an earlier `npm start`'
}

/** A data folder: `board.json`, and the store. */
export class Folder {
  /** As the user calls it. */
  readonly name: string
  readonly path: string

  constructor(name: string) {
    this.name = name
    this.path = resolve(name)
  }

  get store(): string {
    return join(this.path, 'store')
  }

  /** null: nothing there yet. @throws UserError when it cannot be read, or is another program's */
  async recall(): Promise<Memory | null> {
    for (const [file, what] of Object.entries(OTHERS))
      if (existsSync(join(this.path, file)))
        throw new UserError(
          `${this.name} holds ${what}, which is of another kind. Choose another folder with --data.`,
          {
            code: 'DATABASE_EXISTS'
          }
        )
    const memory = await readJsonFile(join(this.path, NAME), {
      isValid: isMemory,
      remedy: 'Restore it, or choose another folder with --data and join again by a link.'
    })
    if (memory && memory.version !== 1)
      throw new UserError(
        `The board in ${this.name} was made by a later version of autobee. Update autobee, or choose another --data.`,
        { code: 'UPGRADE_REQUIRED' }
      )
    if (!memory && existsSync(this.store))
      throw new UserError(
        `${this.name} holds a store, but no ${NAME} that says what it is. Restore that file, or choose another folder with --data.`,
        { code: 'INVALID_FOLDER' }
      )
    if (memory?.key && !memory.joined && !existsSync(this.store)) throw this.emptied()
    return memory
  }

  /** The one who made the board is not in it any more. */
  emptied(): UserError {
    return new UserError(
      `The store in ${this.name} is gone, or another one than ${NAME} is about. Restore the folder from a backup; or move it away, and join the board again by a link of another peer with --join.`,
      { code: 'INVALID_FOLDER' }
    )
  }

  /** @returns false when there was something already, and it had to be new @throws UserError */
  async remember(memory: Memory, { isNew = false }: { isNew?: boolean } = {}): Promise<boolean> {
    const text = `${JSON.stringify(memory, null, 2)}\n`
    return writeWhole(join(this.path, NAME), text, { mode: 0o600, isNew })
  }
}

function isMemory(value: unknown): value is Memory {
  const memory = value as Memory | null
  if (typeof memory?.version !== 'number') return false
  if (memory.version !== 1) return true
  return (
    [memory.key, memory.encryptionKey, memory.seed].every(key => key === null || isKey(key)) &&
    Number.isInteger(memory.port) &&
    (memory.joined === null || (memory.key !== null && isRelays(memory.joined?.relays)))
  )
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isRelays(value: unknown): boolean {
  return Array.isArray(value) && value.every(url => typeof url === 'string' && URL.canParse(url))
}
