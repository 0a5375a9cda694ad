import crypto from 'hypercore-crypto'
import type { TransportPair } from '../../../adapters/testing/index.ts'
import type { RelayChannel } from '../../../adapters/transport/relay/channel.ts'
import { RelayLine } from '../../../adapters/transport/relay/client/line.ts'
import { topicHash } from '../../../adapters/transport/relay/frames.ts'
import { type CreateRelayOptions, createRelay, type RelayHandle } from '../../../adapters/transport/relay.ts'
import type { AutobeeError } from '../../../src/index.ts'
import { until } from '../../support/peers.ts'

export const TOPIC = crypto.hash(Buffer.from('a topic of two'))

/** A line of its own to a relay, which joins one topic and keeps what it gets. */
export class Caller {
  readonly line: RelayLine
  readonly channels: RelayChannel[] = []
  /** Of each channel: is this side the initiator? */
  readonly starts: boolean[] = []
  readonly errors: (AutobeeError | null)[] = []
  refused = 0

  constructor(url: string, { maxChannels = 64 }: { maxChannels?: number } = {}) {
    this.line = new RelayLine({
      url,
      maxChannels,
      token: '',
      handshakeTimeout: 10_000,
      now: () => Date.now(),
      onready: () => this.line.join(topicHash(TOPIC)),
      onopen() {},
      onchannel: (channel, { isInitiator }) => {
        channel.on('error', () => {})
        this.starts.push(isInitiator)
        this.channels.push(channel)
      },
      onfull() {},
      onroom() {},
      onrefused: () => this.refused++,
      onclose: error => this.errors.push(error)
    })
  }
}

export interface RelayPair extends TransportPair {
  readonly ends: readonly [RelayChannel, RelayChannel]
  readonly relay: RelayHandle
}

/** Two channels of two lines, through a relay of their own. */
export async function channelPair(options: CreateRelayOptions = {}): Promise<RelayPair> {
  const relay = await createRelay(options)
  const [a, b] = [new Caller(relay.url), new Caller(relay.url)]
  await until(() => a.channels.length === 1 && b.channels.length === 1)
  const ends = [a.channels[0]!, b.channels[0]!] as const
  return {
    ends,
    relay,
    held: () => ends.filter(({ destroyed }) => !destroyed).length + relay.channels,
    async destroy() {
      await Promise.all([a.line.close(), b.line.close()])
      await relay.close({ grace: 0 })
    }
  }
}
