import { createServer, connect as dial, type Socket } from 'node:net'
import { test } from 'vitest'
import {
  type LoneEnd,
  type TransportPair,
  type TransportSuiteOptions,
  transportSuite
} from '../../../adapters/testing/index.ts'
import { failure } from '../../../adapters/transport/failure.ts'
import { tearable } from './torn.ts'

/** What the system's buffers hold between two sockets of one machine, and the streams beside them. */
const BOUND = 16 * 1024 * 1024

interface Listening {
  readonly port: number
  readonly accepted: Promise<Socket>
  close(): Promise<void>
}

async function listen(): Promise<Listening> {
  const sockets: Socket[] = []
  const server = createServer({ noDelay: true }, socket => {
    sockets.push(socket.on('error', () => {}))
  })
  const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()))
  const { port } = server.address() as { port: number }
  return {
    port,
    accepted,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    }
  }
}

function connect(port: number): Socket {
  return dial({ port, host: '127.0.0.1', noDelay: true })
}

function held(...ends: readonly Socket[]): () => number {
  return () => ends.filter(end => !end.closed).length
}

/** Sockets as `listenTcp` and `connectTcp` make them. */
async function pair(): Promise<TransportPair> {
  const server = await listen()
  const ends = [connect(server.port), await server.accepted] as const
  return { ends, held: held(...ends), destroy: () => server.close() }
}

/** The same, with a network between them that can be torn off. */
async function tearablePair(): Promise<TransportPair & { tear(): void }> {
  const server = await listen()
  const network = await tearable(server.port)
  const ends = [connect(network.port), await server.accepted] as const
  return {
    ends,
    held: held(...ends),
    tear: () => network.tear(),
    async destroy() {
      await network.close()
      await server.close()
    }
  }
}

async function opening(): Promise<LoneEnd> {
  const server = await listen()
  const end = connect(server.port)
  return { end, held: held(end), destroy: () => server.close() }
}

async function unreachable(): Promise<LoneEnd> {
  const server = await listen()
  await server.close()
  const end = connect(server.port)
  return { end, held: held(end), destroy() {} }
}

const nature: Omit<TransportSuiteOptions, 'create' | 'test' | 'faults'> = {
  bound: BOUND,
  halfOpen: false,
  tellsAborts: false,
  errorOf: error => failure('the connection failed', error)
}

transportSuite({ ...nature, test, create: pair, faults: { opening, unreachable } })

transportSuite({
  ...nature,
  // two connections, one behind the other
  bound: 2 * BOUND,
  create: tearablePair,
  faults: { cut: pair => pair.tear() },
  seeds: [6, 7],
  test: (name, run) => /torn off|seed/.test(name) && test(name, run)
})
