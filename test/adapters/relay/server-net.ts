import { afterEach } from 'vitest'
import { type CreateRelayOptions, createRelay, type RelayHandle } from '../../../adapters/transport/relay.ts'
import { RawClient, topicOf } from './server-client.ts'

/** What tests of the relay open; all of it is closed after each test, in reverse. */
export class RelayNet {
  readonly #open: (() => unknown)[] = []

  onend(close: () => unknown): void {
    this.#open.push(close)
  }

  async relay(options: CreateRelayOptions = {}): Promise<RelayHandle> {
    const relay = await createRelay(options)
    this.onend(() => relay.close({ grace: 0 }))
    return relay
  }

  /** One that has said hello. */
  async client(relay: RelayHandle, options: { token?: string } = {}): Promise<RawClient> {
    const client = await RawClient.open(relay.url, options)
    this.onend(() => client.ws.terminate())
    return client
  }

  /** One that has not. */
  stranger(relay: RelayHandle, options: ConstructorParameters<typeof RawClient>[1] = {}): RawClient {
    const client = new RawClient(relay.url, options)
    this.onend(() => client.ws.terminate())
    return client
  }

  /** Two with a channel, and its number for each of them. */
  async pair(relay: RelayHandle, name = 'pair') {
    const [a, b] = [await this.client(relay), await this.client(relay)]
    for (const client of [a, b]) client.send({ type: 'join', topic: topicOf(name) })
    const [forA, forB] = [(await a.next('open')).channel, (await b.next('open')).channel]
    return { a, b, forA, forB }
  }

  async end(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close()
  }
}

export function relays(): RelayNet {
  const net = new RelayNet()
  afterEach(() => net.end())
  return net
}
