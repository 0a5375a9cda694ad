/** What the transports of pages under test talk to: it runs in the process of vitest, beside the browser. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import b4a from 'b4a'
import type { Duplex } from 'streamx'
import { type WebSocket, WebSocketServer } from 'ws'
import { createRelay } from '../../adapters/transport/relay.ts'
import { type WebSocketLike, webSocketStream } from '../../adapters/transport/websocket-stream.ts'
import { type Tearable, tearable } from '../adapters/transport/torn.ts'
import { caller } from '../browser/transport/caller.ts'

export interface Addresses {
  /** A relay. */
  readonly relay: string
  /** Takes WebSockets two by two, each pair with a path of its own, and sends what one says to the other. */
  readonly sockets: string
  /** Takes a connection and says nothing. */
  readonly silent: string
  /**
   * `POST /network` gives the port of a way to the relay of its own; `/tear/PORT` tears it off, `/close/PORT` takes it away.
   * `/through/TOPIC/TOPIC` joins the two (hashes, hex) as a peer in Node that sends what one says to the other. `/channels` gives how many the relay has.
   */
  readonly control: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    transports: Addresses
  }
}

export interface Servers {
  readonly addresses: Addresses
  close(): Promise<void>
}

export async function startServers(): Promise<Servers> {
  const relay = await createRelay({
    limits: { socketsPerAddress: Number.POSITIVE_INFINITY, framesPerSecond: Number.POSITIVE_INFINITY }
  })
  const sockets = await pairing()
  const silent = await silence()
  const networks = new Map<string, Tearable>()
  const control = createServer((request, response) => {
    answer(request)
      .then(text => reply(response, { status: 200, text }))
      .catch((error: unknown) => reply(response, { status: 500, text: String(error) }))
  })
  await new Promise<void>(resolve => control.listen(0, '127.0.0.1', resolve))
  const addresses = {
    relay: relay.url,
    sockets: sockets.url,
    silent: silent.url,
    control: `http://127.0.0.1:${(control.address() as AddressInfo).port}`
  }

  async function answer({ url = '/' }: IncomingMessage): Promise<string> {
    const [, what, ...names] = url.split('/') as [string, string, ...string[]]
    const [name = '', other = ''] = names
    switch (what) {
      case 'network': {
        const network = await tearable(relay.port)
        networks.set(String(network.port), network)
        return String(network.port)
      }
      case 'tear':
        networks.get(name)?.tear()
        return ''
      case 'close':
        await networks.get(name)?.close()
        networks.delete(name)
        return ''
      case 'through':
        through(relay.url, [name, other])
        return ''
      case 'channels':
        return String(relay.channels)
      default:
        throw new Error(`nothing is at ${url}`)
    }
  }

  const close = async () => {
    for (const network of networks.values()) await network.close()
    control.closeAllConnections()
    await new Promise(resolve => control.close(resolve))
    await sockets.close()
    await silent.close()
    await relay.close({ grace: 0 })
  }
  return { addresses, close }
}

function reply(response: ServerResponse, { status, text }: { status: number; text: string }): void {
  response.writeHead(status, { 'access-control-allow-origin': '*' }).end(text)
}

/** Those that ask for the same address are two of a pair. */
async function pairing(): Promise<{ url: string; close(): Promise<void> }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const waiting = new Map<string, WebSocket>()
  server.on('connection', (socket, { url = '/' }) => {
    socket.on('error', () => {})
    const first = waiting.get(url)
    if (!first) {
      waiting.set(url, socket)
      // nothing is lost meanwhile
      socket.pause()
      return
    }
    waiting.delete(url)
    const [one, other] = [first, socket].map(one => webSocketStream(one as unknown as WebSocketLike))
    first.resume()
    joinBoth([one as Duplex, other as Duplex])
  })
  await new Promise(resolve => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const client of server.clients) client.terminate()
      await new Promise(resolve => server.close(resolve))
    }
  }
}

async function silence(): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket.on('error', () => {}).resume())
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    }
  }
}

/** A peer in Node: what one page sends it goes to the other, as it comes. */
function through(url: string, topics: readonly string[]): void {
  const callers = topics.map(topic => caller(url, b4a.from(topic, 'hex')))
  Promise.all(callers.map(({ channel }) => channel)).then(channels => {
    joinBoth(channels as unknown as [Duplex, Duplex])
    for (const [i, channel] of channels.entries()) channel.once('close', () => callers[i]?.line.close())
  })
}

/** What happens to one happens to the other. */
function joinBoth([one, other]: readonly [Duplex, Duplex]): void {
  forward(one, { to: other })
  forward(other, { to: one })
}

/** Not `pipe`, which destroys the source when its target has closed in good order. */
function forward(from: Duplex, { to }: { to: Duplex }): void {
  let [hasEnded, hasFinished] = [false, false]
  from.on('error', () => {})
  from.on('data', chunk => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => {
    hasEnded = true
    to.end(null)
  })
  from.on('finish', () => {
    hasFinished = true
  })
  from.on('close', () => {
    if (!hasEnded || !hasFinished) to.destroy()
  })
}
