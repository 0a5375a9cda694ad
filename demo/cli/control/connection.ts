import type { Socket } from 'node:net'
import { toUserError } from '../errors.ts'
import { Stopped } from '../life.ts'
import { Bundle } from './bundle.ts'
import { Inbox } from './inbox.ts'
import { type Ask, type ErrorMessage, type Hello, readToServer, type ToServer } from './protocol.ts'
import { Wire } from './wire.ts'

/** Requests that one connection may have under way. */
const MOST_REQUESTS = 64

/** Does what a request asks for; what it throws goes to the client. */
export type Handler = (
  request: { readonly op: string; readonly params: unknown },
  context: { readonly input: AsyncIterable<unknown>; readonly signal: AbortSignal }
) => AsyncIterable<object>

interface Request {
  readonly inbox: Inbox
  readonly controller: AbortController
  readonly settled: Promise<void>
}

/** One client of the control socket. Whatever is wrong with what it says ends this connection and nothing else. */
export class Connection {
  readonly #wire: Wire
  readonly #o: { readonly hello: Hello; readonly handle: Handler }
  readonly #requests = new Map<number, Request>()
  #isStopping = false

  constructor(socket: Socket, options: { readonly hello: Hello; readonly handle: Handler }) {
    this.#wire = new Wire(socket)
    this.#o = options
  }

  /** Resolves when the connection is over and nothing of it is under way. */
  async run(): Promise<void> {
    try {
      await this.#wire.send(this.#o.hello)
      for await (const line of this.#wire.lines()) await this.#take(readToServer(line))
    } catch {
      // a client that does not keep to the protocol is told by this, and by nothing else
      this.#wire.destroy()
    }
    for (const { inbox, controller } of this.#requests.values()) {
      inbox.fail(new Stopped())
      controller.abort()
    }
    await this.#settled()
    this.#wire.destroy()
  }

  /** Ends the requests that can be ended; resolves when all have got their answer. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const { controller } of this.#requests.values()) controller.abort()
    await this.#settled()
    this.#wire.end()
  }

  destroy(): void {
    this.#wire.destroy()
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#requests.values()].map(({ settled }) => settled))
  }

  async #take(message: ToServer): Promise<void> {
    const request = this.#requests.get(message.id)
    if ('op' in message) {
      if (request || this.#requests.size >= MOST_REQUESTS) throw new Error('too many requests')
      // not accepted: the client asks again, somewhere else
      if (!this.#isStopping) this.#start(message)
    } else if (!request) {
      // it ended before the client had said all
    } else if ('items' in message) {
      for (const item of message.items) await request.inbox.push(item)
    } else if ('end' in message) request.inbox.end()
    else request.controller.abort()
  }

  #start(message: Ask): void {
    const inbox = new Inbox()
    const controller = new AbortController()
    if (!message.input) inbox.end()
    const settled = this.#answer(message, { input: inbox, signal: controller.signal })
    this.#requests.set(message.id, { inbox, controller, settled })
    void settled.then(() => {
      inbox.end()
      this.#requests.delete(message.id)
    })
  }

  async #answer({ id, op, params }: Ask, context: { input: Inbox; signal: AbortSignal }): Promise<void> {
    const rows = new Bundle(text => this.#wire.sendText(`{"id":${id},"rows":${text}}`))
    try {
      await this.#wire.send({ id, accepted: true })
      for await (const row of this.#o.handle({ op, params }, context)) await rows.add(row)
      await rows.flush()
      await this.#wire.send({ id, done: true })
    } catch (error) {
      // whoever is gone needs no answer
      const tell = async () => {
        await rows.flush()
        await this.#wire.send({ id, error: this.#explain(error) })
      }
      await tell().catch(() => {})
    }
  }

  #explain(error: unknown): ErrorMessage {
    if (error instanceof Stopped)
      return {
        code: this.#isStopping ? 'CLOSED' : 'STOPPED',
        message: 'The peer that has the database open was stopped. Run the command again.',
        exitCode: 1,
        details: {}
      }
    const { code, message, exitCode, details } = toUserError(error)
    return { code, message, exitCode, details }
  }
}
