/**
 * Invitations: links such as `https://notes.example.org/#key=…&relay=/relay&encryption=…&invite=…`. All that matters is
 * behind the `#`, which browsers do not send to the server.
 */
import b4a from 'b4a'
import * as crypto from 'hypercore-crypto'
import { idOfKey, keyOf } from './key-text.ts'
import type { JoinOp } from './ops.ts'

/** What a link says. */
export interface Invitation {
  /** Where the page is, without what follows `#`. */
  readonly page: string
  /** Of the database, 32 bytes. */
  readonly key: Uint8Array
  /** `ws:` or `wss:`; none: the link names none. */
  readonly relays: readonly string[]
  /** 32 bytes, of an encrypted board. */
  readonly encryptionKey: Uint8Array | null
  /** 32 bytes: whose the invitation is, by which one may write; null: the link lets one read, and ask. */
  readonly seed: Uint8Array | null
}

/** Why a link is none. */
export type InvitationErrorCode =
  | 'NO_LINK'
  | 'NO_KEY'
  | 'INVALID_KEY'
  | 'INVALID_RELAY'
  | 'INVALID_ENCRYPTION_KEY'
  | 'INVALID_INVITE'

/** Its message is a sentence for people. */
export class InvitationError extends Error {
  readonly code: InvitationErrorCode

  constructor(code: InvitationErrorCode, message: string) {
    super(message)
    this.name = 'InvitationError'
    this.code = code
  }
}

const MOST_RELAYS = 8
/** Says what is signed: nothing else that people sign with such a key looks like it. */
const PURPOSE = b4a.from('autobee board invitation 1')

/** The link. A relay on the page's own server is written as its path: it goes with the page wherever that is opened from. */
export function formatInvitation({ page, key, relays, encryptionKey, seed }: Invitation): string {
  const parts = [`key=${idOfKey(key)}`]
  for (const relay of relays)
    parts.push(
      `relay=${encodeURIComponent(shortOf(relay, page)).replaceAll('%2F', '/').replaceAll('%3A', ':')}`
    )
  if (encryptionKey) parts.push(`encryption=${idOfKey(encryptionKey)}`)
  if (seed) parts.push(`invite=${idOfKey(seed)}`)
  return `${withoutFragment(page)}#${parts.join('&')}`
}

/**
 * Reads a link as people paste it. A page gives `location.href`.
 * @throws InvitationError
 */
export function parseInvitation(text: string): Invitation {
  const link = text.trim()
  if (!URL.canParse(link) || !/^https?:$/.test(new URL(link).protocol))
    throw new InvitationError(
      'NO_LINK',
      'That is no invitation: it is a link that begins with http:// or https://.'
    )
  const { href, hash } = new URL(link)
  const page = withoutFragment(href)
  const fields = new URLSearchParams(hash.slice(1))
  if (!fields.has('key'))
    throw new InvitationError(
      'NO_KEY',
      'That link is no invitation, or not all of it: there is no key= behind a #.'
    )
  const relays = fields.getAll('relay').slice(0, MOST_RELAYS)
  return {
    page,
    key: field(fields, 'key', { code: 'INVALID_KEY', what: 'key' }) as Uint8Array,
    relays: [...new Set(relays.map(relay => relayOf(relay, page)))],
    encryptionKey: field(fields, 'encryption', { code: 'INVALID_ENCRYPTION_KEY', what: 'encryption key' }),
    seed: field(fields, 'invite', { code: 'INVALID_INVITE', what: 'part that lets one write' })
  }
}

/** Has a link something to say to the page, or is it the page's own address? */
export function isInvitation(text: string): boolean {
  const start = text.indexOf('#')
  return start >= 0 && new URLSearchParams(text.slice(start + 1)).has('key')
}

/** A new invitation: `publicKey` (z-base-32) is for the op `invite`, the seed (32 bytes) for the link. */
export function newInvite(): { seed: Uint8Array; publicKey: string } {
  const seed = crypto.randomBytes(32)
  return { seed, publicKey: publicKeyOf(seed) }
}

/** z-base-32 of the public key that an invitation's seed stands for. */
export function publicKeyOf(seed: Uint8Array): string {
  return idOfKey(crypto.keyPair(seed).publicKey)
}

export interface JoinOptions {
  /** Of the database. */
  readonly key: Uint8Array
  /** Own writer key: `db.local.key`. */
  readonly writer: Uint8Array
  readonly name: string
}

/** What somebody with an invitation appends, `{ optimistic: true }`, to come in. It is good for this writer alone. */
export function joinOp(seed: Uint8Array, { key, writer, name }: JoinOptions): JoinOp {
  const { publicKey, secretKey } = crypto.keyPair(seed)
  const signature = crypto.sign(message({ key, publicKey, writer }), secretKey)
  return { op: 'join', name, invite: idOfKey(publicKey), signature: b4a.toString(signature, 'hex') }
}

/** Was it made by somebody with the invitation's seed, for this writer of this database? Never throws. */
export function isSigned(
  { invite, signature }: Pick<JoinOp, 'invite' | 'signature'>,
  { key, writer }: Pick<JoinOptions, 'key' | 'writer'>
): boolean {
  const publicKey = keyOf(invite)
  if (!publicKey || !/^[0-9a-f]{128}$/.test(signature)) return false
  return crypto.verify(message({ key, publicKey, writer }), b4a.from(signature, 'hex'), publicKey)
}

/** The parts have lengths of their own, all but the first 32 bytes. */
function message(parts: { key: Uint8Array; publicKey: Uint8Array; writer: Uint8Array }): Uint8Array {
  return crypto.hash([PURPOSE, parts.key, parts.publicKey, parts.writer])
}

function field(
  fields: URLSearchParams,
  name: string,
  { code, what }: { code: InvitationErrorCode; what: string }
): Uint8Array | null {
  const text = fields.get(name)
  if (text === null) return null
  const bytes = keyOf(text)
  if (bytes) return bytes
  throw new InvitationError(
    code,
    `The ${what} in that link is damaged (${name}=…). Copy the whole link again.`
  )
}

/** Absolute, `ws:` or `wss:`; a path is on the page's own server. */
function relayOf(text: string, page: string): string {
  const base = page.replace(/^http/, 'ws')
  const url = URL.canParse(text, base) ? new URL(text, base) : null
  if (text !== '' && url && /^wss?:$/.test(url.protocol) && url.hash === '') return url.href
  throw new InvitationError(
    'INVALID_RELAY',
    `"${text.slice(0, 80)}" in that link is no address of a relay. Copy the whole link again.`
  )
}

function shortOf(relay: string, page: string): string {
  const { origin, href } = new URL(relay)
  return origin === new URL(page.replace(/^http/, 'ws')).origin ? href.slice(origin.length) : href
}

function withoutFragment(url: string): string {
  const end = url.indexOf('#')
  return end < 0 ? url : url.slice(0, end)
}
