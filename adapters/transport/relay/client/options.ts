import b4a from 'b4a'
import { AutobeeError, type KeyPair } from '../../../../src/index.ts'
import type { BackoffOptions } from '../../backoff.ts'
import type { RelayState, TransportHandle } from '../../handle.ts'
import type { ReplicatesStreams } from '../../swarm-types.ts'
import type { Upgrade } from '../../upgrade.ts'
import { LONGEST_TOKEN } from '../frames.ts'
import { type Environment, environment } from './environment.ts'

const KEY_BYTES = 32
/** The longest that a timer takes, ms. */
const LONGEST = 2 ** 31 - 1

/** An Autobee, a Corestore, or anything else that replicates over a given stream. */
export interface RelayTarget extends ReplicatesStreams {
  /** With the default topic: it is asked for when this has resolved. */
  ready?(): Promise<unknown>
}

/** Asked for every peer, by its public key (32 bytes), before anything is replicated with it. */
export type Allow = (publicKey: Uint8Array) => boolean | Promise<boolean>

/** How {@link connectRelay} meets others. */
export interface ConnectRelayOptions {
  /** 32 bytes each; the relay learns only a hash of them. Default: the target's `discoveryKey`; a Corestore has none. */
  topics?: Iterable<Uint8Array>
  /** By which peers know this one again; default: the store's own, the same after reopening ({@link identityOf}). */
  keyPair?: KeyPair
  /**
   * With whom to replicate: the public keys (32 bytes each), or who decides; default: with everybody who comes. Who is
   * refused gets a `refused` event here, and an error with the reason `REFUSED` there. What it throws refuses as well.
   */
  allow?: Iterable<Uint8Array> | Allow
  /** What the relay wants to hear, at most 256 bytes. Default none. */
  token?: string
  /** A better way to peers, where there is one: `webRtc()`. Default none. */
  upgrade?: Upgrade
  /** Pauses between attempts, for each relay. A peer that was lost, but not by its own will, is looked for in the same pauses. */
  retry?: BackoffOptions
  /** To reach a relay, and for the handshake with a peer, ms; default 10,000. */
  handshakeTimeout?: number
  /**
   * A peer that sends nothing for so long is gone, ms; default 90,000. Peers send something every 5,000, but a browser may
   * let a hidden page do so only once a minute.
   */
  silenceTimeout?: number
  /**
   * Keeps several connections with one public key, for who serves several handles of one store at a time; default false:
   * one each, and the others are dropped.
   */
  duplicates?: boolean
  /** Channels at once, per relay; default 256. More are `refused`. */
  maxChannels?: number
  /** What tells of the network and of sleep; default: the page's events. */
  environment?: Environment
}

/** What {@link connectRelay} gives. */
export interface RelayHandle extends TransportHandle {
  /** By which others know this side, 32 bytes; null until the store is open. */
  readonly publicKey: Uint8Array | null
  readonly relays: readonly RelayState[]
  /** What is joined, 32 bytes each; of an Autobee that opens still, none yet. */
  readonly topics: readonly Uint8Array[]
  /**
   * Joins one more topic (32 bytes), on every relay. One that is joined already: looks once more for those on it who are not
   * connected, such as one who was not allowed before.
   * @throws AutobeeError `INVALID_ARGUMENT`, `CLOSED`
   */
  join(topic: Uint8Array): void
  /** Meets nobody else over the topic; those who are connected stay. @throws AutobeeError `INVALID_ARGUMENT` */
  leave(topic: Uint8Array): void
}

export type RelaySettings = ReturnType<typeof toRelaySettings>

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toRelaySettings(urls: string | readonly string[], options: ConnectRelayOptions) {
  const { token = '', retry = {}, maxChannels = 256, upgrade = null, keyPair = null } = options
  const { handshakeTimeout = 10_000, silenceTimeout = 90_000 } = options
  if (typeof token !== 'string' || b4a.byteLength(token) > LONGEST_TOKEN)
    throw invalid(`a token is a string of at most ${LONGEST_TOKEN} bytes`)
  checkTime('handshakeTimeout', handshakeTimeout)
  checkTime('silenceTimeout', silenceTimeout)
  for (const name of ['first', 'longest', 'good'] as const)
    if (retry[name] !== undefined) checkTime(`retry.${name}`, retry[name])
  if (!Number.isInteger(maxChannels) || maxChannels < 1)
    throw invalid('maxChannels is a whole number from 1 on')
  if (upgrade && typeof upgrade.start !== 'function') throw invalid('upgrade is what webRtc() gives')
  if (keyPair && !isKeyPair(keyPair)) throw invalid('keyPair is { publicKey: 32 bytes, secretKey: 64 bytes }')
  return {
    urls: toUrls(urls),
    topics: options.topics ? [...options.topics].map(toTopic) : null,
    keyPair,
    allow: toAllow(options.allow),
    token,
    upgrade,
    retry,
    timeouts: { handshake: handshakeTimeout, silence: silenceTimeout },
    maxChannels,
    duplicates: options.duplicates === true,
    environment: options.environment ?? environment
  }
}

/** @throws AutobeeError `INVALID_ARGUMENT` */
export function toTopic(topic: Uint8Array): Uint8Array {
  if (topic instanceof Uint8Array && topic.byteLength === KEY_BYTES) return b4a.from(topic)
  throw invalid(`a topic has ${KEY_BYTES} bytes`)
}

function toUrls(given: string | readonly string[]): string[] {
  const urls = new Set<string>()
  for (const url of typeof given === 'string' ? [given] : (given ?? [])) urls.add(toUrl(url))
  if (urls.size > 0) return [...urls]
  throw invalid('the second argument is the address of a relay, or a list of them')
}

function toUrl(url: string): string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null
  if (parsed && /^wss?:$/.test(parsed.protocol) && parsed.hash === '') return parsed.href
  throw invalid(`${url} is no address of a relay, such as wss://relay.example.org`)
}

function toAllow(allow: ConnectRelayOptions['allow']): Allow {
  if (allow === undefined) return () => true
  if (typeof allow === 'function') return allow
  const keys = new Set<string>()
  for (const key of allow) {
    if (!(key instanceof Uint8Array) || key.byteLength !== KEY_BYTES)
      throw invalid(`allow is a function, or a list of public keys of ${KEY_BYTES} bytes each`)
    keys.add(b4a.toString(key, 'hex'))
  }
  return publicKey => keys.has(b4a.toString(publicKey, 'hex'))
}

function isKeyPair({ publicKey, secretKey }: Partial<KeyPair>): boolean {
  return (
    publicKey instanceof Uint8Array &&
    publicKey.byteLength === KEY_BYTES &&
    secretKey instanceof Uint8Array &&
    secretKey.byteLength === 2 * KEY_BYTES
  )
}

function checkTime(name: string, ms: number): void {
  if (typeof ms === 'number' && ms > 0 && ms <= LONGEST) return
  throw invalid(`${name} is a number of ms, from 1 to ${LONGEST}`)
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_ARGUMENT', message)
}
