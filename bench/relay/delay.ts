/** A network that is slow: passes bytes on after a while, in their order. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface Delayed {
  readonly port: number
  close(): Promise<void>
}

/** @param ms each way */
export async function delayed(port: number, ms: number): Promise<Delayed> {
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        setTimeout(() => to.destroy(), ms)
      })
      // timers of one length go off in the order in which they were set
      from.on('data', chunk => setTimeout(() => to.writable && to.write(chunk), ms))
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
