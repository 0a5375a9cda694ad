import type { Writable } from 'node:stream'
import { harmless } from '../cli/text.ts'

/** What it says at the start. */
export interface Ready {
  readonly url: string
  /** Of the database, z-base-32. */
  readonly key: string
  readonly port: number
  /** Folder. */
  readonly data: string
}

export interface Shown extends Ready {
  /** Can other machines open the page? */
  readonly isOpen: boolean
  /** The link lets one in who opens it; else one asks there. */
  readonly letsIn: boolean
  readonly isEncrypted: boolean
  readonly joined: boolean
}

/** Tells people, or scripts: to them the first line alone. Problems go to standard error. */
export class Teller {
  readonly #out: Writable
  readonly #err: Writable
  readonly #json: boolean

  constructor({ out, err }: { out: Writable; err: Writable }, { json }: { json: boolean }) {
    this.#out = out
    this.#err = err
    this.#json = json
  }

  ready({ url, key, port, data, ...shown }: Shown): void {
    if (this.#json) this.#out.write(`${JSON.stringify({ url, key, port, data } satisfies Ready)}\n`)
    else this.#out.write(`${sentencesOf({ url, key, port, data, ...shown })}\n`)
  }

  /** @param text may hold what others wrote */
  line(text: string): void {
    if (!this.#json) this.#out.write(`${harmless(text)}\n`)
  }

  problem(sentence: string): void {
    this.#err.write(`${harmless(sentence)}\n`)
  }
}

function sentencesOf({ url, data, isOpen, letsIn, isEncrypted, joined }: Shown): string {
  const board = `${isEncrypted ? 'An encrypted board' : 'A board'} for lists, in ${data}`
  const lines = [
    '',
    joined ? `${board}, joined by a link: this peer keeps all of it, too.` : `${board}.`,
    letsIn ? 'Open its link, and give it to those who shall write with you:' : 'Its link:',
    '',
    `  ${url}`,
    '',
    letsIn
      ? 'Whoever has the link can read and write. It is the same each time.'
      : 'Whoever has the link can read, and ask to write.'
  ]
  if (isOpen)
    lines.push(
      'Phones in the same network can open it, but not install it, nor open it offline: for that, browsers want https.'
    )
  lines.push('Ctrl-C ends.', '')
  return lines.join('\n')
}
