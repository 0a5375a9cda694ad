import { createServer, connect as dial, type Socket } from 'node:net'

export interface Tearable {
  readonly port: number
  /** Resets every connection. */
  tear(): void
  close(): Promise<void>
}

/** Stands between two ends of TCP and carries what they say, no faster than they take it, until it is torn. */
export async function tearable(to: number): Promise<Tearable> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, near => {
    const far = dial({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => sockets.delete(one))
      one.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    tear() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    }
  }
}
