import type { Writable } from 'node:stream'

/** All that a peer tells on standard output. */
export type Notice =
  | {
      readonly event: 'ready'
      readonly key: string
      readonly writer: string
      readonly writable: boolean
      readonly isNew: boolean
      readonly data: string
      readonly address: string
      /** The command that makes a second peer. */
      readonly join: string
    }
  | { readonly event: 'entry'; readonly key: string; readonly value: unknown }
  | { readonly event: 'change'; readonly key: string; readonly before: unknown; readonly after: unknown }
  | { readonly event: 'reorg'; readonly position: number; readonly undone: number }
  | { readonly event: 'peer' | 'peer-close'; readonly address: string }
  | {
      readonly event: 'writer'
      readonly key: string
      readonly isIndexer: boolean
      readonly isRemoved: boolean
    }
  | { readonly event: 'writable' | 'unwritable' | 'asked' | 'waiting' | 'end' }
  /** What to type into a peer that may write. */
  | { readonly event: 'request'; readonly line: string }
  | { readonly event: 'appended'; readonly length: number }

/** Tells notices, and problems; the latter on standard error, as sentences. */
export interface Teller {
  tell(notice: Notice): void
  problem(sentence: string): void
}

export function createTeller(
  { out, err }: { out: Writable; err: Writable },
  { json }: { json: boolean }
): Teller {
  return {
    tell(notice) {
      const text = json ? JSON.stringify(notice) : sentence(notice)
      if (text !== null) out.write(`${text}\n`)
    },
    problem: text => void err.write(`${text}\n`)
  }
}

/** For people; null: nothing that they need to see. */
function sentence(notice: Notice): string | null {
  switch (notice.event) {
    case 'ready':
      return ready(notice)
    case 'entry':
      return `  ${notice.key} = ${JSON.stringify(notice.value)}`
    case 'change':
      return change(notice)
    case 'reorg':
      return `Merged: ${count(notice.undone, 'entry', 'entries')} from place ${notice.position} of the order on went to other places.`
    case 'peer':
      return `Connected: ${notice.address}`
    case 'peer-close':
      return `Disconnected: ${notice.address}`
    case 'writer':
      return `Writer ${notice.isRemoved ? 'removed' : 'added'}: ${notice.key}${notice.isIndexer || notice.isRemoved ? '' : ' (not an indexer)'}`
    case 'writable':
      return 'This peer may write now.'
    case 'unwritable':
      return 'This peer was removed from the writers; it goes on reading.'
    case 'asked':
      return 'The database is open to everybody: asked to be let in.'
    case 'waiting':
      return 'Kept until this peer may write; see the line above that lets it.'
    case 'request':
      return `This peer only reads so far. To let it write, paste this line into a peer that may:\n\n  ${notice.line}\n`
    case 'end':
      return 'The input has ended. This peer goes on serving; Ctrl-C ends it.'
    case 'appended':
      return null
  }
}

function ready({ key, writer, writable, isNew, data, address, join }: Notice & { event: 'ready' }): string {
  const lines = [
    `${isNew ? (writable ? 'A new database' : 'A new peer of a database') : 'A database'} in ${data}`,
    `  key        ${key}`,
    `  writer     ${writer} (this peer)`,
    `  listening  ${address}`,
    '',
    `${writable ? 'A second' : 'One more'} peer joins with this line, in another terminal:`,
    '',
    `  ${join}`,
    ''
  ]
  if (writable) {
    lines.push(
      'Type JSON, one value a line: {"put":{"hello":"world"}} or {"del":["hello"]}; anything else is logged.',
      ''
    )
  }
  return lines.join('\n')
}

function change({ key, before, after }: Notice & { event: 'change' }): string {
  if (before === null) return `+ ${key} = ${JSON.stringify(after)}`
  if (after === null) return `- ${key} (was ${JSON.stringify(before)})`
  return `~ ${key} = ${JSON.stringify(after)} (was ${JSON.stringify(before)})`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
