import type { Socket } from 'node:net'
import { AutobeeError } from '../../src/index.ts'
import type { Peer, Replicates } from './handle.ts'
import { failure } from './tcp-errors.ts'

/** A peer that is silent for so long is gone, ms; Hypercore sends something every 5,000. */
const SILENCE = 8_000

export interface LinkOptions {
  readonly socket: Socket
  readonly address: string
  readonly isInitiator: boolean
  /** The other side speaks the protocol. */
  onopen(peer: Peer): void
  /** Once; `peer` is null when it never opened, `error` when nothing went wrong. */
  onclose(peer: Peer | null, error: Error | null): void
}

/** One socket and its replication stream, which live and die together. */
export interface Link {
  /** Resolves when the socket is closed. */
  close(): Promise<void>
}

/** @throws AutobeeError `CLOSED` when the target replicates no more */
export function openLink(target: Replicates, options: LinkOptions): Link {
  const { socket, address, isInitiator } = options
  let failed: Error | null = null
  socket.on('error', error => {
    failed ??= error
  })
  let stream: ReturnType<Replicates['replicate']>
  try {
    stream = target.replicate(isInitiator)
  } catch (error) {
    socket.destroy()
    throw AutobeeError.is(error) ? error : failure('there is nothing to replicate', error as Error, 'CLOSED')
  }
  stream.on('error', error => {
    failed ??= error
  })
  // without it a half-open connection, or a peer that says nothing, is never noticed
  stream.noiseStream.setTimeout(SILENCE)

  let peer: Peer | null = null
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      stream.destroy()
      options.onclose(peer, failed)
      resolve()
    })
  })
  stream.once('close', () => socket.destroy())
  stream.noiseStream.opened.then(
    isOpen => {
      if (!isOpen || socket.destroyed) return
      peer = { address, isInitiator, stream }
      options.onopen(peer)
    },
    () => {}
  )
  socket.pipe(stream as never)
  stream.pipe(socket as never)
  return {
    async close() {
      stream.destroy()
      socket.destroy()
      await closed
    }
  }
}
