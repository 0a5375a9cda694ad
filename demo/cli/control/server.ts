import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { UserError } from '../../common/user-error.ts'
import { Connection, type Handler } from './connection.ts'
import { prepare } from './path.ts'
import type { Hello } from './protocol.ts'

/** Connections at once; whoever comes later tries again. */
const MOST_CONNECTIONS = 128
/** How long a client may take to read what it is owed when the server stops, ms. */
const LAST_WORDS = 2_000

export interface ControlOptions {
  readonly path: string
  readonly hello: Hello
  readonly handle: Handler
}

/** Answers the commands that run beside the one who has the store open. */
export class ControlServer {
  readonly #server: Server
  readonly #o: ControlOptions
  readonly #connections = new Set<Connection>()

  private constructor(server: Server, options: ControlOptions) {
    this.#server = server
    this.#o = options
    server.maxConnections = MOST_CONNECTIONS
    server.on('connection', socket => this.#accept(socket))
  }

  /**
   * Listens, for this user only. Whoever calls has the store open, so a socket that is there is a dead one's.
   * @throws UserError `CONTROL_FAILED`
   */
  static async listen(options: ControlOptions): Promise<ControlServer> {
    const { path } = options
    const server = createServer()
    try {
      await prepare(path)
      if (process.platform !== 'win32') await rm(path, { force: true })
      await bind(server, path)
      if (process.platform !== 'win32') await chmod(path, 0o600)
    } catch (error) {
      if (error instanceof UserError) throw error
      server.close()
      throw new UserError(
        `Other commands cannot be let in at ${path} (${(error as Error).message}). Check the permissions of that folder, or choose another --data.`,
        { code: 'CONTROL_FAILED' }
      )
    }
    return new ControlServer(server, options)
  }

  /** Takes no more requests, ends those that only read, and waits for those that write. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    let timer: ReturnType<typeof setTimeout> | undefined
    await Promise.all([...this.#connections].map(connection => connection.stop()))
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, LAST_WORDS)
    })
    await Promise.race([closed, late])
    clearTimeout(timer)
    for (const connection of this.#connections) connection.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this.#o)
    this.#connections.add(connection)
    void connection.run().finally(() => this.#connections.delete(connection))
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // the socket is made in the call: at no time may others connect
    const mask = process.umask(0o177)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        // a client that is gone before it was accepted
        server.on('error', () => {})
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}
