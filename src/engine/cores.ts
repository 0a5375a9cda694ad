import type Corestore from 'corestore'
import Hypercore from 'hypercore'
import { AutobeeError } from '../errors.ts'
import { hexOf } from '../keys.ts'

/** An Ed25519 key pair, as `hypercore-crypto` makes it: 32 and 64 bytes. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Which oplog is the local one: the store's own for this database, one it has the key pair of, or one given. */
export type LocalChoice = { readonly key: Uint8Array } | { readonly keyPair: KeyPair } | null

/** Default: a core that is not there is created. */
interface Existence {
  readonly createIfMissing?: boolean
}

/** Name of the core that a store creates a database with. One per namespace of the store. */
const BOOTSTRAP = 'autobee/bootstrap'

/** Opens the cores of one database in one store, encrypted alike. */
export class DatabaseCores {
  readonly store: Corestore
  readonly #encryption: { key: Uint8Array } | null

  constructor(store: Corestore, encryptionKey: Uint8Array | null) {
    this.store = store
    this.#encryption = encryptionKey ? { key: encryptionKey } : null
  }

  /** The key of the database that this store created or would create. */
  async ownKey(): Promise<Uint8Array> {
    const { publicKey } = await this.store.createKeyPair(BOOTSTRAP)
    return keyOfSigner(publicKey)
  }

  /** The core of a writer, by its key. */
  writer(key: Uint8Array, options: { active?: boolean } = {}): Hypercore {
    return this.store.get({
      key,
      encryption: this.#encryption,
      active: options.active !== false,
      allowFork: false
    })
  }

  async local(key: Uint8Array, choice: LocalChoice): Promise<Hypercore> {
    if (choice && 'keyPair' in choice) {
      const manifest = { version: 1, signers: [{ publicKey: choice.keyPair.publicKey }] }
      return this.#ready(
        this.store.get({ keyPair: choice.keyPair, manifest, encryption: this.#encryption, allowFork: false })
      )
    }
    if (choice) return this.#ready(this.writer(choice.key))
    const isOwn = (await this.ownKey()).every((byte, i) => byte === key[i])
    return this.named(isOwn ? BOOTSTRAP : `autobee/${hexOf(key)}/local`)
  }

  view(key: Uint8Array, options: Existence = {}): Promise<Hypercore> {
    return this.named(`autobee/${hexOf(key)}/view`, options)
  }

  system(key: Uint8Array, options: Existence = {}): Promise<Hypercore> {
    return this.named(`autobee/${hexOf(key)}/system`, options)
  }

  named(name: string, options: Existence = {}): Promise<Hypercore> {
    return this.#ready(this.store.get({ ...options, name, encryption: this.#encryption, allowFork: false }))
  }

  async #ready(core: Hypercore): Promise<Hypercore> {
    await core.ready()
    return core
  }
}

/** Key of the core whose one signer is `publicKey`, as Corestore makes it. */
export function keyOfSigner(publicKey: Uint8Array): Uint8Array {
  return Hypercore.key({ version: 1, signers: [{ publicKey }] })
}

/** @throws AutobeeError `INVALID_OPTIONS` */
export function checkKeyPair(keyPair: unknown): KeyPair {
  const pair = keyPair as Partial<KeyPair> | null
  const isBytes = (value: unknown, length: number) =>
    value instanceof Uint8Array && value.byteLength === length
  if (pair && isBytes(pair.publicKey, 32) && isBytes(pair.secretKey, 64)) return pair as KeyPair
  throw new AutobeeError('INVALID_OPTIONS', 'keyPair is { publicKey: 32 bytes, secretKey: 64 bytes }')
}
