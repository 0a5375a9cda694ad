import type Corestore from 'corestore'
import { afterEach } from 'vitest'
import { type CreateRelayOptions, createRelay, type RelayHandle } from '../../../adapters/transport/relay.ts'
import {
  type ConnectRelayOptions,
  connectRelay,
  type RelayHandle as RelayMember,
  type RelayTarget
} from '../../../adapters/transport/websocket.ts'
import { until } from '../../support/peers.ts'
import { Network } from '../network.ts'

/** Pauses that tests wait for. */
export const SOON = { first: 1, longest: 20, good: 1 }

/** What tests of the relay's client open; all of it is closed after each test, in reverse. */
export class ClientNet extends Network {
  async relay(options: CreateRelayOptions = {}): Promise<RelayHandle> {
    const relay = await createRelay(options)
    this.onend(() => relay.close({ grace: 0 }))
    return relay
  }

  member(
    target: RelayTarget,
    relays: RelayHandle | string | readonly (RelayHandle | string)[],
    options: ConnectRelayOptions = {}
  ): RelayMember {
    const urls = [relays].flat().map(relay => (typeof relay === 'string' ? relay : relay.url))
    return this.kept(connectRelay(target, urls, { retry: SOON, ...options }))
  }
}

export function clients(): ClientNet {
  const net = new ClientNet()
  afterEach(() => net.end())
  return net
}

/** The same core in several stores: the first one's is writable. */
export async function sharedCore([own, ...others]: Corestore[]) {
  const core = own!.get({ name: 'log' })
  await core.ready()
  return [core, ...others.map(store => store.get({ key: core.key }))] as const
}

/** Every peer of every handle is connected with every other one. */
export async function allMet(...members: RelayMember[]): Promise<void> {
  await until(() => members.every(({ peers }) => peers.length === members.length - 1))
}
