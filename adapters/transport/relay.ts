import type { RelayHandle } from './relay/server/handle.ts'
import { listen } from './relay/server/listening.ts'
import { type CreateRelayOptions, toRelaySettings } from './relay/server/options.ts'
import { Relay } from './relay/server/relay.ts'

export type { CloseReason } from './relay/frames.ts'
export type { RelayRefusal, RelayStats } from './relay/server/counters.ts'
export type { RelayEvents, RelayHandle } from './relay/server/handle.ts'
export type { CreateRelayOptions, RelayLimits } from './relay/server/options.ts'

/**
 * A relay: pairs clients that share a topic, and passes on what they say to each other, which it cannot read. Resolves
 * when it listens; with a server of yours at once.
 *
 * ```js
 * const relay = await createRelay({ port: 8080 })
 * console.log(relay.url)
 * ```
 * @throws AutobeeError `TRANSPORT_FAILED` (`reason`: `EADDRINUSE` for a port that is taken, `EACCES` for one that is not
 *   allowed, `EADDRNOTAVAIL` or `ENOTFOUND` for a host that is none of this machine's), `INVALID_ARGUMENT`
 */
export async function createRelay(options: CreateRelayOptions = {}): Promise<RelayHandle> {
  const settings = toRelaySettings(options)
  if (settings.server) return new Relay(settings, { server: settings.server, isOwn: false })
  return new Relay(settings, { server: await listen(settings), isOwn: true })
}
