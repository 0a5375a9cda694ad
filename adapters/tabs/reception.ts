import type { AutobeeError } from '../../src/index.ts'
import { toWire } from './errors.ts'
import { Guest } from './guest.ts'
import type { Host } from './host.ts'
import { type Address, channelLine } from './line.ts'
import {
  type Announcement,
  type Answer,
  type Given,
  inboxName,
  outboxName,
  readQuestions
} from './messages.ts'
import { mismatchOf } from './options.ts'

type Hello = Extract<Announcement, { type: 'hello' }>

export interface ReceptionOptions {
  /** Of the store. */
  readonly name: string
  readonly host: Host
  readonly address: Address
  readonly given: Given & { readonly key: string }
  onerror(error: AutobeeError): void
}

/** Where an owner takes in other tabs: two broadcast channels for each, one in either direction. */
export class Reception {
  readonly #o: ReceptionOptions

  constructor(options: ReceptionOptions) {
    this.#o = options
  }

  admit(hello: Hello): void {
    const { host, given } = this.#o
    const mismatch = mismatchOf(given, hello)
    if (mismatch) this.refuse(hello.client, mismatch)
    else host.admit(hello.client, () => this.#guest(hello.client))
  }

  /** Also a tab of another build: from whatever it gets of this one it knows that. */
  refuse(client: string, error: AutobeeError): void {
    const { name, address } = this.#o
    const inbox = new BroadcastChannel(inboxName(name, client))
    const line = channelLine<Answer>(inbox, address)
    line.send({ type: 'refused', error: toWire(error) })
    line.close()
    inbox.close()
  }

  #guest(client: string): Guest {
    const { name, host, address, onerror } = this.#o
    const inbox = new BroadcastChannel(inboxName(name, client))
    const outbox = new BroadcastChannel(outboxName(name, client))
    const guest = new Guest(client, {
      line: channelLine<Answer>(inbox, address),
      onclose: () => {
        inbox.close()
        outbox.close()
      }
    })
    outbox.onmessage = ({ data }) => {
      try {
        const { epoch, owner, messages } = readQuestions(data)
        // meant for another owner
        if (epoch !== address.epoch || owner !== address.owner) return
        for (const question of messages) host.take(guest, question)
      } catch (error) {
        onerror(error as AutobeeError)
      }
    }
    return guest
  }
}
