import b4a from 'b4a'
import { encodeFrame } from '../frames.ts'
import { pair } from './channels.ts'
import type { Client } from './client.ts'
import type { RelaySettings } from './options.ts'

interface Topic {
  readonly name: string
  readonly hash: Uint8Array
  readonly members: Set<Client>
}

/**
 * Who shares a topic with whom. Decides which channels there are:
 * 1. two clients have one channel at most, however many topics they share;
 * 2. who joins is paired with everybody there whom it has no channel with;
 * 3. a pair whose channel ended gets no other one before one of them joins a topic that they share;
 * 4. a pair for which one of them had no place gets its channel when both have.
 */
export class Hub {
  readonly #settings: RelaySettings
  readonly #topics = new Map<string, Topic>()
  readonly #joined = new Map<Client, Set<Topic>>()
  readonly #hungry = new Set<Client>()
  #memberships = 0
  #feeding: ReturnType<typeof setImmediate> | null = null

  constructor(settings: RelaySettings) {
    this.#settings = settings
  }

  get topics(): number {
    return this.#topics.size
  }

  /** @returns why not */
  join(client: Client, hash: Uint8Array): 'TOPICS' | 'TOPICS_IN_ALL' | null {
    const { limits } = this.#settings
    const name = b4a.toString(hash, 'latin1')
    const joined = this.#joined.get(client) ?? new Set()
    let topic = this.#topics.get(name)
    if (!topic || !joined.has(topic)) {
      if (joined.size >= limits.topics) return 'TOPICS'
      if (this.#memberships >= limits.topicsInAll) return 'TOPICS_IN_ALL'
      topic ??= { name, hash, members: new Set() }
      this.#topics.set(name, topic)
      topic.members.add(client)
      joined.add(topic)
      this.#joined.set(client, joined)
      this.#memberships++
    }
    for (const other of topic.members) {
      client.channels.parted.delete(other.channels)
      other.channels.parted.delete(client.channels)
    }
    this.#pair(client, topic)
    return null
  }

  leave(client: Client, hash: Uint8Array): void {
    const topic = this.#topics.get(b4a.toString(hash, 'latin1'))
    const joined = this.#joined.get(client)
    if (topic && joined?.delete(topic)) this.#removeFrom(topic, client)
    if (joined?.size === 0) this.#joined.delete(client)
  }

  /** It is gone. */
  remove(client: Client): void {
    for (const topic of this.#joined.get(client) ?? []) this.#removeFrom(topic, client)
    this.#joined.delete(client)
    this.#hungry.delete(client)
  }

  /** A client has a place for another channel. */
  feed(client: Client): void {
    if (!client.isHungry) return
    this.#hungry.add(client)
    // not in the middle of something, and once for all that ended together
    this.#feeding ??= setImmediate(() => {
      this.#feeding = null
      for (const hungry of this.#hungry) {
        this.#hungry.delete(hungry)
        hungry.isHungry = false
        for (const topic of this.#joined.get(hungry) ?? []) this.#pair(hungry, topic)
      }
    })
  }

  close(): void {
    if (this.#feeding) clearImmediate(this.#feeding)
  }

  #pair(client: Client, topic: Topic): void {
    const { window } = this.#settings
    for (const other of topic.members) {
      if (other === client || client.channels.knows(other.channels)) continue
      // who has no place looks again when it has one; the other need not
      if (!client.hasPlace) {
        client.isHungry = true
        return
      }
      if (!other.hasPlace) {
        other.isHungry = true
        continue
      }
      pair([client.channels, other.channels], {
        window,
        open: (channel, isInitiator) => encodeFrame({ type: 'open', channel, isInitiator, topic: topic.hash })
      })
    }
  }

  #removeFrom(topic: Topic, client: Client): void {
    topic.members.delete(client)
    this.#memberships--
    if (topic.members.size === 0) this.#topics.delete(topic.name)
  }
}
