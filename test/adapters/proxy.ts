import { createServer, connect as dial, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Resets every connection, and every new one until `mend`. */
  cut(): void
  mend(): void
  /** Lets nothing through any more, not even that one side has hung up. */
  freeze(): void
  close(): Promise<void>
}

/** Stands between two peers on this machine, so that a test can cut or freeze what runs through it. */
export async function openProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let isFrozen = false
  const server = createServer(near => {
    const far = dial(to, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('data', data => isFrozen || other.write(data))
      one.on('close', () => {
        sockets.delete(one)
        if (!isFrozen) other.destroy()
      })
    }
    if (isCut) near.resetAndDestroy()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      isCut = true
      for (const socket of sockets) socket.resetAndDestroy()
    },
    mend() {
      isCut = false
    },
    freeze() {
      isFrozen = true
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    }
  }
}
