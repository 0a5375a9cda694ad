import type { Environment } from './environment.ts'
import type { Holder } from './lease.ts'

/** `ask`: is the owner with this token alive? `alive`: it is. `free`: it is no more. `taken`: this one owns the store now. */
interface Message {
  readonly type: 'ask' | 'alive' | 'free' | 'taken'
  readonly token: string
}

/** How owners and those who would like to be talk to each other, where there are broadcast channels. */
export class Voice {
  #channel: BroadcastChannel | null
  readonly #heard = new Set<(message: Message) => void>()

  constructor(environment: Environment, name: string) {
    this.#channel = environment.channel?.(`autobee:indexeddb:${name}`) ?? null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      for (const hear of [...this.#heard]) hear(data)
    })
  }

  /** Answers for the owner; `onTaken` when somebody else says that it owns the store. */
  speakFor(token: string, onTaken: () => void): void {
    this.#heard.add(message => {
      if (message.type === 'ask' && message.token === token) this.say('alive', token)
      if (message.type === 'taken' && message.token !== token) onTaken()
    })
  }

  say(type: Message['type'], token: string): void {
    this.#channel?.postMessage({ type, token } satisfies Message)
  }

  /** Asks until the owner answers (true) or `patience` ms are over (false). */
  isAlive({ token }: Holder, patience: number): Promise<boolean> {
    return this.#wait(patience, {
      matches: message => message.type === 'alive' && message.token === token,
      every: Math.max(10, patience / 20),
      again: () => this.say('ask', token)
    })
  }

  /** Until somebody lets go of the store, or at the latest after `patience` ms. */
  async whenFree(patience: number): Promise<void> {
    await this.#wait(patience, { matches: ({ type }) => type === 'free', every: patience, again: () => {} })
  }

  close(): void {
    this.#heard.clear()
    this.#channel?.close()
    this.#channel = null
  }

  #wait(
    patience: number,
    { matches, every, again }: { matches(message: Message): boolean; every: number; again(): void }
  ): Promise<boolean> {
    return new Promise(resolve => {
      const end = (result: boolean) => {
        clearInterval(interval)
        clearTimeout(timeout)
        this.#heard.delete(hear)
        resolve(result)
      }
      const hear = (message: Message) => {
        if (matches(message)) end(true)
      }
      this.#heard.add(hear)
      const interval = setInterval(again, every)
      const timeout = setTimeout(() => end(false), patience)
      again()
    })
  }
}
