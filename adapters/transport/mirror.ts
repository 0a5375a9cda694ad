import type Corestore from 'corestore'
import { Autobee, AutobeeError } from '../../src/index.ts'
import { MirrorClient, type MirrorToHandle } from './mirror/client.ts'
import {
  type CreateMirrorOptions,
  type MirrorToOptions,
  toMirrorSettings,
  toMirrorToSettings
} from './mirror/options.ts'
import { type MirrorHandle, MirrorServer } from './mirror/server.ts'
import { checkTarget } from './target.ts'

export type { RelayState, RelayStatus } from './handle.ts'
export type { Progress, Refusal } from './mirror/asker.ts'
export type { MirrorToEvents, MirrorToHandle, MirrorToStatus } from './mirror/client.ts'
export type { DatabaseInfo } from './mirror/host.ts'
export type { MirrorRefusal } from './mirror/messages.ts'
export type { CreateMirrorOptions, MirrorToOptions, RelayConnectionOptions } from './mirror/options.ts'
export type { MirrorEvents, MirrorHandle } from './mirror/server.ts'
export type { Allow, ConnectRelayOptions, RelayHandle } from './relay/client/options.ts'

/**
 * A mirror: stores the cores of databases that authorised peers ask it to, and gives them to everybody who has their keys,
 * also while their writers are offline. It learns the keys of the cores, and of databases with an `encryptionKey` nothing
 * that is in them. It goes on with what it has when it is started again on the same store.
 *
 * ```js
 * const mirror = await createMirror({ store, relays: 'wss://relay.example.org', allow: [publicKeyOfAPeer] })
 * console.log(b4a.toString(mirror.publicKey, 'hex'))
 * ```
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_KEY`, `CLOSED`, `STORE_LOCKED` (a mirror is on the store already),
 *   `STORE_CORRUPT`, `UPGRADE_REQUIRED`
 */
export async function createMirror(options: CreateMirrorOptions): Promise<MirrorHandle> {
  return MirrorServer.open(toMirrorSettings(options))
}

/**
 * Asks a mirror to store a database, in Node and in pages: all oplogs of an Autobee, and those of new writers as they come; or the `cores`
 * of a Corestore. It replicates with the mirror over the relays, and with nobody else; it comes again when the
 * connection is lost, until it is closed.
 *
 * ```js
 * const mirrored = mirrorTo(db, { relay: 'wss://relay.example.org', publicKey })
 * await mirrored.stored() // now this device may go offline
 * ```
 * @throws AutobeeError `INVALID_ARGUMENT` (also: a Corestore without `cores`), `INVALID_KEY`, `CLOSED` when `target` is
 */
export function mirrorTo<View>(target: Autobee<View> | Corestore, options: MirrorToOptions): MirrorToHandle {
  checkTarget(target)
  const settings = toMirrorToSettings(options)
  if (!Autobee.isAutobee(target) && settings.cores.length === 0)
    throw new AutobeeError('INVALID_ARGUMENT', 'for a Corestore, give the keys of the cores to be mirrored')
  return new MirrorClient(target as Autobee<unknown> | Corestore, settings)
}
