import b4a from 'b4a'
import type Corestore from 'corestore'
import { AutobeeError, type KeyLike, type KeyPair } from '../../../src/index.ts'
import { toKey } from '../../../src/keys.ts'
import type { BackoffOptions } from '../backoff.ts'
import type { Environment } from '../relay/client/environment.ts'
import type { Allow, RelayHandle } from '../relay/client/options.ts'

const GIB = 2 ** 30

/** How the relays are reached, as of `connectRelay`. */
export interface RelayConnectionOptions {
  /** What the relays want to hear, at most 256 bytes. Default none. */
  token?: string
  /** Pauses between attempts. Default 100 ms to 10 s. */
  retry?: BackoffOptions
  /** ms; default 10,000. */
  handshakeTimeout?: number
  /** ms; default 90,000. */
  silenceTimeout?: number
  /** What tells of the network and of sleep; default: the page's events. */
  environment?: Environment
}

/** What a mirror stores, and for whom. */
export interface CreateMirrorOptions extends RelayConnectionOptions {
  /** Of its own: what is in it for other reasons is never mirrored. The mirror does not close it. */
  store: Corestore
  /** `ws:` or `wss:`, one or several. */
  relays: string | readonly string[]
  /** Who may ask it to mirror something: public keys, or who decides. Everybody who has a core's key may read it. */
  allow: Iterable<KeyLike> | Allow
  /** Bytes per database: those of its blocks as they are stored, and 128 for each block; default 1 GiB, or `Infinity`. */
  quota?: number
  /** Default 64. A relay takes 256 topics of a client, unless told otherwise. */
  maxDatabases?: number
  /** Of these, asked for by one peer; default 16. */
  maxDatabasesPerPeer?: number
  /** Per database; default 1,024. */
  maxCores?: number
  /** Channels at once, per relay; default 256. */
  maxChannels?: number
}

/** Which mirror is asked, and for what. */
export interface MirrorToOptions extends RelayConnectionOptions {
  /** Where the mirror is found: `ws:` or `wss:`, one or several, or those of a handle of `connectRelay`. */
  relay: string | readonly string[] | Pick<RelayHandle, 'relays'>
  /** The mirror's. Nobody else is talked to. */
  publicKey: KeyLike
  /**
   * Of a Corestore: what is to be mirrored; the key of the first core stands for all of them, and its discovery key is the
   * topic under which the mirror offers them. Of an Autobee: beside its oplogs, such as anchors.
   */
  cores?: Iterable<KeyLike>
  /** By which the mirror knows this peer; default: the store's own. */
  keyPair?: KeyPair
}

/** @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY` */
export function toMirrorSettings(options: CreateMirrorOptions) {
  const { store, relays, quota = GIB, maxDatabases = 64, maxDatabasesPerPeer = 16 } = options ?? {}
  const { maxCores = 1024, maxChannels = 256 } = options ?? {}
  if (typeof store?.get !== 'function' || typeof store.createKeyPair !== 'function')
    throw invalid('store is a Corestore')
  if (store.closing || store.root?.closing) throw new AutobeeError('CLOSED', 'the store is closed')
  for (const [name, value] of Object.entries({ quota, maxDatabases, maxDatabasesPerPeer, maxCores })) {
    if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value > 0))
      throw invalid(`${name} is a whole number from 1 on, or Infinity`)
  }
  return {
    store,
    relays,
    isAllowed: toAllow(options.allow),
    limits: { quota, maxDatabases, maxDatabasesPerPeer, maxCores },
    connection: { ...connectionOf(options), maxChannels }
  }
}

/** @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY` */
export function toMirrorToSettings(options: MirrorToOptions) {
  const { relay, publicKey, cores = [], keyPair } = options ?? {}
  const isHandle = typeof relay === 'object' && 'relays' in relay
  return {
    urls: isHandle ? relay.relays.map(({ url }) => url) : relay,
    mirror: toKey(publicKey),
    cores: [...cores].map(toKey),
    retry: options.retry ?? {},
    connection: { ...connectionOf(options), ...(keyPair ? { keyPair } : {}) }
  }
}

export type MirrorSettings = ReturnType<typeof toMirrorSettings>
export type MirrorToSettings = ReturnType<typeof toMirrorToSettings>

/** Only what was given: the defaults are `connectRelay`'s. */
function connectionOf(options: RelayConnectionOptions): RelayConnectionOptions {
  const { token, retry, handshakeTimeout, silenceTimeout, environment } = options
  return {
    ...(token === undefined ? {} : { token }),
    ...(retry === undefined ? {} : { retry }),
    ...(handshakeTimeout === undefined ? {} : { handshakeTimeout }),
    ...(silenceTimeout === undefined ? {} : { silenceTimeout }),
    ...(environment === undefined ? {} : { environment })
  }
}

function toAllow(allow: CreateMirrorOptions['allow']): Allow {
  if (typeof allow === 'function') return allow
  if (typeof allow === 'string' || typeof allow?.[Symbol.iterator] !== 'function')
    throw invalid('allow is a list of public keys, or a function')
  const keys = new Set([...allow].map(key => b4a.toString(toKey(key), 'hex')))
  return publicKey => keys.has(b4a.toString(publicKey, 'hex'))
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
