import type { RelayChannel } from '../../../adapters/transport/relay/channel.ts'
import { RelayLine } from '../../../adapters/transport/relay/client/line.ts'

export interface Caller {
  readonly line: RelayLine
  /** The one with whoever joins the same topic. */
  readonly channel: Promise<RelayChannel>
}

/** A line of its own to a relay that joins one topic (its hash); in a page and in Node. */
export function caller(url: string, topic: Uint8Array): Caller {
  let open: (channel: RelayChannel) => void
  const channel = new Promise<RelayChannel>(resolve => {
    open = resolve
  })
  const line = new RelayLine({
    url,
    token: '',
    handshakeTimeout: 10_000,
    maxChannels: 1,
    now: () => Date.now(),
    onready: () => line.join(topic),
    onopen() {},
    onchannel: channel => {
      channel.on('error', () => {})
      open(channel)
    },
    onfull() {},
    onroom() {},
    onrefused() {},
    onclose() {}
  })
  return { line, channel }
}
