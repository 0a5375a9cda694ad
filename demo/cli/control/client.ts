import { connect, type Socket } from 'node:net'
import { UserError } from '../../common/user-error.ts'
import { Stopped, until } from '../life.ts'
import { Bundle } from './bundle.ts'
import { isTrusted } from './path.ts'
import { type Hello, PROTOCOL, readHello, readToClient, type ToClient } from './protocol.ts'
import { Wire } from './wire.ts'

/** How long the one who has the store open may take to say hello, ms. */
const GREETING = 10_000

/** Thrown when a request was not taken up: asking again, somewhere else, does no harm. */
export class NotAccepted extends Error {}

/** A connection to the one who has the store open, for one request. */
export class ControlClient {
  readonly hello: Hello
  readonly #wire: Wire
  readonly #lines: AsyncGenerator<Uint8Array>

  private constructor(wire: Wire, { hello, lines }: { hello: Hello; lines: AsyncGenerator<Uint8Array> }) {
    this.#wire = wire
    this.hello = hello
    this.#lines = lines
  }

  /** null when nobody answers there. @throws UserError `CONTROL_FAILED`, `UPGRADE_REQUIRED` */
  static async connect(path: string): Promise<ControlClient | null> {
    if (!(await isTrusted(path))) return null
    const socket = await dial(path)
    if (!socket) return null
    const wire = new Wire(socket)
    const lines = wire.lines()
    const hello = await greeting(wire, lines)
    if (hello?.autobee === PROTOCOL) return new ControlClient(wire, { hello, lines })
    wire.destroy()
    if (!hello) return null
    throw new UserError(
      `The running peer (process ${hello.pid}) is of version ${hello.version} of autobee, this command of another. Restart that peer.`,
      { code: 'UPGRADE_REQUIRED' }
    )
  }

  /** Asks, and gives the rows as they come. @throws NotAccepted, Stopped, UserError */
  async *run(
    { op, params }: { op: string; params: unknown },
    { input, signal }: { input: AsyncIterable<unknown> | null; signal: AbortSignal }
  ): AsyncGenerator<object> {
    const cancel = () => this.#wire.send({ id: 1, cancel: true }).catch(() => {})
    const over = new AbortController()
    let isAccepted = false
    let broken: { readonly error: unknown } | null = null
    const onbroken = (error: unknown) => {
      broken = { error }
      void cancel()
    }
    try {
      await this.#wire.send({ id: 1, op, params, input: input !== null }).catch(error => {
        throw error instanceof Stopped ? new NotAccepted() : error
      })
      signal.addEventListener('abort', cancel)
      if (signal.aborted) void cancel()
      for await (const line of this.#lines) {
        const message = this.#read(line)
        if ('accepted' in message) {
          isAccepted = true
          if (input) this.#pump(until(input, over.signal)).catch(onbroken)
        } else if ('rows' in message) yield* message.rows
        else if (broken) throw (broken as { error: unknown }).error
        else if ('done' in message) return
        else if (message.error.code === 'STOPPED') throw new Stopped()
        else throw new UserError(message.error.message, message.error)
      }
    } finally {
      over.abort()
      signal.removeEventListener('abort', cancel)
      this.#wire.destroy()
    }
    if (!isAccepted) throw new NotAccepted()
    throw new UserError(
      'The peer that has the database open ended before it answered: what this command asked for may have been done, or not. Look, and run it again.',
      { code: 'CONTROL_LOST' }
    )
  }

  close(): void {
    this.#wire.destroy()
  }

  #read(line: Uint8Array): ToClient {
    try {
      return readToClient(line)
    } catch (error) {
      throw notAPeer(error)
    }
  }

  async #pump(input: AsyncIterable<unknown>): Promise<void> {
    const items = new Bundle(text => this.#wire.sendText(`{"id":1,"items":${text}}`))
    for await (const item of input) await items.add(item)
    await items.flush()
    await this.#wire.send({ id: 1, end: true })
  }
}

function dial(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', error => {
      const { code } = error as NodeJS.ErrnoException
      // EAGAIN: more wait there than it lets wait; the others: nobody is there
      if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK', 'EAGAIN', 'ECONNRESET'].includes(code ?? ''))
        return resolve(null)
      reject(
        new UserError(
          `The running peer cannot be reached at ${path} (${error.message}). Run the command as the user who started it.`,
          { code: 'CONTROL_FAILED' }
        )
      )
    })
  })
}

async function greeting(wire: Wire, lines: AsyncGenerator<Uint8Array>): Promise<Hello | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), GREETING)
  })
  const first = await Promise.race([lines.next(), late])
  clearTimeout(timer)
  if (first === 'late') {
    wire.destroy()
    throw new UserError(
      'The running peer does not answer. If it was paused, let it go on; if it hangs, stop it and run the command again.',
      { code: 'CONTROL_FAILED' }
    )
  }
  // it was just ending, or has too many clients
  if (first.done) return null
  try {
    return readHello(first.value)
  } catch (error) {
    wire.destroy()
    throw notAPeer(error)
  }
}

function notAPeer(cause: unknown): UserError {
  return new UserError(
    `What answers on the control socket is no autobee (${(cause as Error).message}). Stop it, and run the command again.`,
    { code: 'CONTROL_FAILED' }
  )
}
