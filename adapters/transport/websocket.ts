import { AutobeeError } from '../../src/index.ts'
import { RelayMember } from './relay/client/handle.ts'
import {
  type ConnectRelayOptions,
  type RelayHandle,
  type RelayTarget,
  toRelaySettings
} from './relay/client/options.ts'
import { checkTarget } from './target.ts'

export type {
  Peer,
  PeerKind,
  RefusalReason,
  RelayState,
  RelayStatus,
  TransportEvents,
  TransportHandle,
  TransportStatus
} from './handle.ts'
export { identityOf } from './identity.ts'
export type { Environment } from './relay/client/environment.ts'
export type { Allow, ConnectRelayOptions, RelayHandle, RelayTarget } from './relay/client/options.ts'
export type { Upgrade, UpgradeOptions, UpgradeSession } from './upgrade.ts'
export { type WebSocketLike, webSocketStream } from './websocket-stream.ts'

/**
 * Replicates an Autobee or a Corestore with everybody who is on the same relays for the same topics, in Node and in pages.
 * It dials all relays, again and again with growing pauses, until it is closed or `target` is; what fails is told by
 * `error` events. Whoever is met over several relays is connected once.
 *
 * The relay pipes bytes: it learns a hash of the topic, never the topic, and Noise runs between the peers. Peers know each
 * other again by their key pairs; `allow` says with whom to replicate.
 *
 * ```js
 * const relay = connectRelay(db, 'wss://relay.example.org', { token: 'secret' })
 * relay.on('error', console.warn)
 * await relay.connected()
 * ```
 * @param urls one or several, `ws:` or `wss:`
 * @throws AutobeeError `INVALID_ARGUMENT` (also: a Corestore without `topics`), `CLOSED` when `target` is
 */
export function connectRelay(
  target: RelayTarget,
  urls: string | readonly string[],
  options: ConnectRelayOptions = {}
): RelayHandle {
  checkTarget(target)
  const settings = toRelaySettings(urls, options)
  if (!settings.topics && !('discoveryKey' in target))
    throw new AutobeeError('INVALID_ARGUMENT', 'for a Corestore, give topics, such as [core.discoveryKey]')
  return new RelayMember(target, settings)
}
