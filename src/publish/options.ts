import { AutobeeError } from '../errors.ts'
import type { HyperbeeView } from '../view.ts'

/** An entry of the view, as its bytes. */
export interface PublishedEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What is published, and as what. */
export interface PublishOptions {
  /** Names the core among those that this store publishes of this database: 1 to 200 characters. */
  readonly name: string
  /**
   * 32 bytes: what readers need besides the core's key. Take one of its own: who has the database's reads all of it.
   * Default: not encrypted; of an encrypted database that has to be said with null.
   */
  readonly encryptionKey?: Uint8Array | null | undefined
  /**
   * The value that is published of an entry, null to leave it out. It may depend on nothing but its argument. When it
   * gives other values than before, give another {@link mapVersion}.
   */
  readonly map?: ((entry: PublishedEntry) => Uint8Array | null) | undefined
  /** With another one than last time, everything is compared anew. Default 0; a whole number. */
  readonly mapVersion?: number | undefined
  /** The bee to publish, as it is at each call. Default: the database's, `db.bee`. */
  readonly bee?: (() => HyperbeeView) | undefined
}

/** With their defaults, checked. */
export interface PublishSettings {
  readonly name: string
  /** undefined: nothing was said. */
  readonly encryptionKey: Uint8Array | null | undefined
  readonly map: ((entry: PublishedEntry) => Uint8Array | null) | null
  readonly mapVersion: number
  readonly bee: (() => HyperbeeView) | null
}

const LONGEST_NAME = 200

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toSettings(options: PublishOptions): PublishSettings {
  const { name, encryptionKey, map, mapVersion = 0, bee } = options ?? {}
  if (typeof name !== 'string' || name.length === 0 || name.length > LONGEST_NAME) {
    throw invalid(`name is a string of 1 to ${LONGEST_NAME} characters`)
  }
  if (encryptionKey != null && !(encryptionKey instanceof Uint8Array && encryptionKey.byteLength === 32)) {
    throw invalid('encryptionKey is 32 bytes, or null')
  }
  if (map != null && typeof map !== 'function') throw invalid('map is a function')
  if (bee != null && typeof bee !== 'function') throw invalid('bee is a function')
  if (!Number.isSafeInteger(mapVersion) || mapVersion < 0)
    throw invalid('mapVersion is a whole number from 0 on')
  return { name, encryptionKey, map: map ?? null, mapVersion, bee: bee ?? null }
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_OPTIONS', message)
}
