import b4a from 'b4a'
import crypto from 'hypercore-crypto'
import { type Autobee, AutobeeError, type AutobeeOptions, type HyperbeeView } from '../../src/index.ts'
import { hexOf } from '../../src/keys.ts'
import { type Settings, toSettings } from '../../src/options.ts'
import type { Given } from './messages.ts'

/** The database as the tab has it that owns the store. */
export type OwnedAutobee<View = HyperbeeView> = Autobee<View> & {
  /**
   * Gives a value to all tabs, in their event `told`; tabs that come later are given the last one. Anything that can be cloned.
   * @throws AutobeeError `INVALID_ARGUMENT`
   */
  tell(value: unknown): void
}

/** What runs in the owner, by its name. */
export type OwnerCalls<View = HyperbeeView> = Readonly<
  Record<string, (db: OwnedAutobee<View>, argument: never) => unknown>
>

/** What `connect` gives: a transport, or several in one. */
export interface Closable {
  close(): Promise<void> | void
}

/** What a {@link SharedAutobee} is opened with; but for `connect` and `calls`, as an Autobee. Every tab gives the same. */
export interface SharedAutobeeOptions<View = HyperbeeView> extends Omit<AutobeeOptions<View>, 'wakeup'> {
  /**
   * Connects the database with its peers, in the one tab that owns the store: `db => connectRelay(db, url)`. What it gives is
   * closed when the tab owns it no more. When it throws, that is an event `error`, and the database is there without peers.
   */
  connect?: ((db: OwnedAutobee<View>) => Closable | Promise<Closable>) | undefined
  /** What `call(name, argument)` of any tab runs in the owner. */
  calls?: OwnerCalls<View> | undefined
}

/** Options with their defaults, checked. */
export interface SharedSettings<View> {
  readonly user: SharedAutobeeOptions<View>
  readonly codec: Settings<View>['codec']
  readonly calls: OwnerCalls<View>
  readonly given: Given
}

/** @throws AutobeeError `INVALID_OPTIONS` */
export function toSharedSettings<View>(
  options: SharedAutobeeOptions<View>,
  key: Uint8Array | null
): SharedSettings<View> {
  const { codec, encryptionKey } = toSettings<View>(options)
  const { connect, calls = {} } = options
  if (connect !== undefined && typeof connect !== 'function') throw invalid('connect is a function')
  if (typeof calls !== 'object' || calls === null) throw invalid('calls is an object of functions')
  for (const [name, call] of Object.entries(calls))
    if (typeof call !== 'function') throw invalid(`calls.${name} is a function`)
  const given = {
    key: key && hexOf(key),
    // tabs compare it; the key itself stays where it is
    encryption: encryptionKey && hexOf(crypto.hash([b4a.from('autobee/tabs'), encryptionKey])),
    valueEncoding: codec.name
  }
  return { user: options, codec, calls, given }
}

/** Why a tab that was given other options cannot share the database; null when it can. */
export function mismatchOf(owner: Given & { readonly key: string }, tab: Given): AutobeeError | null {
  if (tab.encryption !== owner.encryption) {
    const message = 'another tab has this database open with another encryptionKey, or without one'
    return new AutobeeError('ENCRYPTION_KEY_MISMATCH', message)
  }
  if (tab.valueEncoding !== owner.valueEncoding) {
    const message = `another tab has this database open with valueEncoding '${owner.valueEncoding}'`
    return new AutobeeError('OPTIONS_MISMATCH', message, { reason: 'VALUE_ENCODING' })
  }
  if (tab.key !== null && tab.key !== owner.key) {
    const message = 'another tab has another database open in this store; give each a store of its own'
    return new AutobeeError('OPTIONS_MISMATCH', message, { reason: 'KEY' })
  }
  return null
}

function invalid(message: string): AutobeeError {
  return new AutobeeError('INVALID_OPTIONS', message)
}
