import { type Packet, PROTOCOL } from './messages.ts'

/** One end of what connects a tab with the owner. What one turn sends goes out together, in its order. */
export interface Line<Out> {
  send(message: Out): void
  /** Sends what is left, at once. */
  close(): void
}

export interface Address {
  readonly epoch: number
  readonly owner: string
}

/** A clone of a view takes all the bytes that are underneath it. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}

/** The same, of all bytes in a value as messages have them. */
export function compact<T>(value: T): T {
  if (value instanceof Uint8Array) return ownBytes(value) as T
  if (Array.isArray(value)) return value.map(compact) as T
  if (typeof value !== 'object' || value === null) return value
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, compact(one)])) as T
}

/** Over a broadcast channel, which others listen to as well. The channel stays open. */
export function channelLine<Out>(channel: BroadcastChannel, address: Address): Line<Out> {
  return batching(messages => {
    const packet: Packet<Out> = { autobee: PROTOCOL, ...address, messages }
    channel.postMessage(packet)
  })
}

/** Within this tab: nothing is cloned, and nothing arrives before the turn is over. */
export function localLine<Out>(deliver: (messages: readonly Out[]) => void): Line<Out> {
  return batching(deliver)
}

function batching<Out>(deliver: (messages: readonly Out[]) => void): Line<Out> {
  let waiting: Out[] = []
  let isClosed = false
  const flush = () => {
    if (waiting.length === 0) return
    const messages = waiting
    waiting = []
    deliver(messages)
  }
  return {
    send(message) {
      if (isClosed) return
      if (waiting.length === 0) queueMicrotask(flush)
      waiting.push(message)
    },
    close() {
      flush()
      isClosed = true
    }
  }
}
