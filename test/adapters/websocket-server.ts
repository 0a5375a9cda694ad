import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface SocketServer {
  readonly url: string
  /** Those that are open, in the order in which they came. */
  readonly sockets: readonly WebSocket[]
  close(): Promise<void>
}

/** A WebSocket server of its own on a free port; `onsocket` gets each connection. */
export async function socketServer(onsocket: (socket: WebSocket) => void = () => {}): Promise<SocketServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const sockets: WebSocket[] = []
  server.on('connection', socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.splice(sockets.indexOf(socket), 1))
    onsocket(socket)
  })
  await new Promise(resolve => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async close() {
      for (const socket of sockets) socket.terminate()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
