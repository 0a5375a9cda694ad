import c from 'compact-encoding'
import type Protomux from 'protomux'
import {
  LIMITS,
  MESSAGE_TYPES,
  type MirrorMessage,
  OUTGOING,
  PROTOCOL
} from '../../../adapters/transport/mirror/messages.ts'

/** One side of the protocol that says what it likes, and keeps what kinds of answers came. */
export function rawChannel(muxer: Protomux, onmessage: (type: MirrorMessage['type']) => void = () => {}) {
  const answers: string[] = []
  const channel = muxer.createChannel({ protocol: PROTOCOL, handshake: LIMITS as never })!
  const messages = MESSAGE_TYPES.map(type =>
    channel.addMessage<Uint8Array>({
      encoding: c.raw as never,
      onmessage: () => {
        answers.push(type)
        onmessage(type)
      }
    })
  )
  channel.open({ quota: 1, cores: 1 })
  return {
    answers,
    say: (message: MirrorMessage) =>
      messages[MESSAGE_TYPES.indexOf(message.type)]!.send(c.encode(OUTGOING as never, message))
  }
}
