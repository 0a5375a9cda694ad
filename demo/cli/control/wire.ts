import type { Socket } from 'node:net'
import { UserError } from '../../common/user-error.ts'
import { Stopped } from '../life.ts'
import { splitLines } from '../lines.ts'
import { drained } from '../output.ts'
import { showBytes } from '../text.ts'
import { LONGEST } from './protocol.ts'

/** One side of a connection: lines in, lines out. */
export class Wire {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    // that the connection is over shows in everything else
    socket.on('error', () => {})
    // each request may wait for room
    socket.setMaxListeners(0)
  }

  /** Lines as they come. @throws Error for one that is too long */
  async *lines(): AsyncGenerator<Uint8Array> {
    try {
      for await (const line of splitLines(this.#socket, { limit: LONGEST })) {
        if (line === null) throw new Error('a message is too long')
        yield line
      }
    } catch (error) {
      // a reset connection is one that has ended
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }

  /** Resolves when more may be sent. @throws Stopped when the connection is over */
  send(message: object): Promise<void> {
    return this.sendText(JSON.stringify(message))
  }

  /** A message that is JSON already. @throws UserError `ENTRY_TOO_LARGE`, Stopped */
  async sendText(text: string): Promise<void> {
    if (Buffer.byteLength(text) > LONGEST)
      throw new UserError(`That is too much at once: ${showBytes(text.length)}. Split it.`, {
        code: 'ENTRY_TOO_LARGE'
      })
    if (this.#socket.destroyed) throw new Stopped()
    if (this.#socket.write(`${text}\n`)) return
    await drained(this.#socket)
    if (this.#socket.destroyed) throw new Stopped()
  }

  /** Lets what was sent arrive, then closes. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
