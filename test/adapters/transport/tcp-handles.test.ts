import type Hypercore from 'hypercore'
import { test } from 'vitest'
import { type TransportPair, transportSuite } from '../../../adapters/testing/index.ts'
import { failure } from '../../../adapters/transport/failure.ts'
import { connectTcp, listenTcp } from '../../../adapters/transport/tcp.ts'

/** Keeps the first stream that it is to replicate over. */
class Catcher {
  readonly caught: Promise<Hypercore.ReplicationStream>
  #catch: (stream: Hypercore.ReplicationStream) => void = () => {}

  constructor() {
    this.caught = new Promise(resolve => {
      this.#catch = resolve
    })
  }

  replicate(stream: Hypercore.ReplicationStream): void {
    this.#catch(stream)
  }
}

/** What `listenTcp` and `connectTcp` replicate over. */
async function pair(): Promise<TransportPair> {
  const [left, right] = [new Catcher(), new Catcher()]
  const server = await listenTcp(left)
  // it would dial again, for the next stream
  const client = connectTcp(right, { port: server.port, retry: { first: 60_000, longest: 60_000 } })
  const ends = [await right.caught, await left.caught] as const
  return {
    ends,
    held: () => server.peers.length + client.peers.length,
    destroy: () => Promise.all([client.close(), server.close()])
  }
}

transportSuite({
  test,
  create: pair,
  // what the system's buffers hold between two sockets of one machine, and the streams beside them
  bound: 16 * 1024 * 1024,
  halfOpen: false,
  tellsAborts: false,
  errorOf: error => failure('the connection failed', error)
})
