import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Address } from '../common/address.ts'
import { readJsonFile, writeJsonFile } from '../common/json-file.ts'
import { quoted } from '../common/shell.ts'
import { UserError } from '../common/user-error.ts'

/** What is remembered about the database in a folder. */
export interface Config {
  readonly version: 1
  /** Of the database, as hex. */
  readonly key: string
  readonly encrypted: boolean
  /** The port that `serve` listened on the last time; 0: none yet. */
  readonly port: number
  /** The peers that `serve` connects to. */
  readonly connect: readonly Address[]
}

/** The folder of commands that name none. */
export const DEFAULT = './autobee-data'

/** A data folder: `autobee.json`, the store, and, when it is encrypted, the encryption key. */
export class Folder {
  /** As the user calls it. */
  readonly name: string
  readonly path: string

  constructor(name: string) {
    this.name = name
    this.path = resolve(name)
  }

  /** Is it the one that commands take without being told? */
  get isDefault(): boolean {
    return this.path === resolve(DEFAULT)
  }

  get store(): string {
    return join(this.path, 'store')
  }

  get keyFile(): string {
    return join(this.path, 'encryption-key')
  }

  /** One name for the folder, whatever way leads to it. */
  realPath(): Promise<string> {
    return realpath(this.path).catch(() => this.path)
  }

  /** null: no database yet. @throws UserError `INVALID_FOLDER` */
  async config(): Promise<Config | null> {
    const config = await readJsonFile(join(this.path, 'autobee.json'), {
      isValid: isConfig,
      remedy: `Restore it, or move it away and run \`autobee join KEY --data ${quoted(this.name)}\` again with the key of its database.`
    })
    if (config && config.version !== 1)
      throw new UserError(
        `The database in ${this.name} was made by a later version of autobee. Update autobee, or choose another --data.`,
        { code: 'UPGRADE_REQUIRED' }
      )
    return config
  }

  /** @throws UserError `NO_DATABASE`, `INVALID_FOLDER` */
  async existingConfig(): Promise<Config> {
    const config = await this.config()
    if (config) return config
    this.checkFree()
    throw new UserError(
      `There is no database in ${this.name}. Make one with \`autobee create\`, join one with \`autobee join KEY\`, or name another folder with --data.`,
      { code: 'NO_DATABASE' }
    )
  }

  /** @throws UserError `INVALID_FOLDER` */
  async save(config: Config): Promise<void> {
    await writeJsonFile(join(this.path, 'autobee.json'), config)
  }

  /** @throws UserError `DATABASE_EXISTS` when the store in it is another program's */
  checkFree(): void {
    if (existsSync(join(this.path, 'board.json')))
      throw new UserError(
        `${this.name} holds a database of \`npm start\`, which is of another kind. Choose another folder with --data.`,
        { code: 'DATABASE_EXISTS' }
      )
  }
}

function isConfig(value: unknown): value is Config {
  const config = value as Config | null
  if (typeof config?.version !== 'number') return false
  if (config.version !== 1) return true
  return (
    /^[0-9a-f]{64}$/.test(config.key) &&
    typeof config.encrypted === 'boolean' &&
    Number.isInteger(config.port) &&
    Array.isArray(config.connect) &&
    config.connect.every(({ host, port }) => typeof host === 'string' && Number.isInteger(port))
  )
}
