import { randomBytes } from 'node:crypto'
import b4a from 'b4a'
import { formatInvitation, type Invitation } from '../board/invitation.ts'
import { idOfKey } from '../board/key-text.ts'
import { toHex } from '../common/keys.ts'
import { folderBeside, quoted } from '../common/shell.ts'
import { UserError, usage } from '../common/user-error.ts'
import type { Flags } from './flags.ts'
import { Folder, type Memory } from './folder.ts'
import type { Teller } from './notices.ts'
import { PageFiles } from './page-files.ts'
import { BoardPeer, openFolder } from './peer.ts'
import { PageServer, RELAY_PATH } from './server.ts'

const DEFAULT_PORT = 8080

export interface World {
  readonly teller: Teller
  /** Resolves when it shall end. */
  readonly stop: Promise<void>
}

interface Closes {
  close(): Promise<unknown>
}

/** Runs peer, relay and page until it is stopped. Resolves to an exit code. @throws UserError */
export async function run(flags: Flags, { teller, stop }: World): Promise<number> {
  const folder = new Folder(flags.data)
  const files = PageFiles.open()
  const before = await folder.recall()
  let memory = before ? goingOn(before, { flags, folder }) : beginning(flags)
  // the last that was opened is closed first
  const open: Closes[] = []
  try {
    // a store that is there comes first: that another process has it says more than that the port is taken
    let store = before && (await openFolder(folder))
    if (store) open.push(store)
    const server = await PageServer.listen(files, {
      host: flags.host,
      port: flags.port ?? (memory.port || DEFAULT_PORT),
      problem: sentence => teller.problem(sentence)
    })
    open.push(server)
    if (!store) {
      // before there is a store: without its keys it would be good for nothing
      if (!(await folder.remember(memory, { isNew: true }))) throw busy(folder)
      store = await openFolder(folder)
      open.push(store)
    }
    const peer = await BoardPeer.open(store, { folder, memory, teller })
    open.push(peer)
    const seed = await peer.setUp()
    const key = peer.db.key as Uint8Array
    memory = { ...memory, key: toHex(key), port: server.port, ...(seed && { seed: toHex(seed) }) }
    await folder.remember(memory)
    const url = formatInvitation({
      page: server.url,
      key,
      // by its path: it goes with the page wherever that is opened from
      relays: [new URL(RELAY_PATH, server.url.replace(/^http/, 'ws')).href, ...(memory.joined?.relays ?? [])],
      encryptionKey: memory.encryptionKey === null ? null : b4a.from(memory.encryptionKey, 'hex'),
      seed
    })
    teller.ready({
      url,
      key: idOfKey(key),
      port: server.port,
      data: flags.data,
      isOpen: !/^(?:127\.|localhost$|::1$)/.test(flags.host),
      letsIn: seed !== null,
      isEncrypted: memory.encryptionKey !== null,
      joined: memory.joined !== null
    })
    peer.connect(server.relayUrl)
    return await Promise.race([stop.then(() => 0), peer.failed.then(() => 1)])
  } finally {
    for (const one of open.reverse()) await one.close()
  }
}

function busy({ name }: Folder): UserError {
  return new UserError(
    `Another npm start begins in ${name} just now. Open its link, or choose another folder with --data.`,
    {
      code: 'STORE_LOCKED'
    }
  )
}

/** What a new folder begins with. */
function beginning({ join, encrypted }: Flags): Memory {
  const made = { version: 1, port: 0 } as const
  if (join) return { ...made, ...ofLink(join) }
  return {
    ...made,
    key: null,
    encryptionKey: encrypted ? toHex(randomBytes(32)) : null,
    seed: toHex(randomBytes(32)),
    joined: null
  }
}

/** What a folder goes on with. @throws UserError when that is not what was asked for */
function goingOn(memory: Memory, { flags, folder }: { flags: Flags; folder: Folder }): Memory {
  const { join, encrypted } = flags
  if (encrypted && memory.encryptionKey === null)
    throw new UserError(
      `The board in ${folder.name} is not encrypted, and cannot become so. Make a new one in another folder: --encrypted --data DIR.`,
      { code: 'DATABASE_EXISTS', exitCode: 2 }
    )
  if (!join) return memory
  if (memory.key !== toHex(join.key))
    throw usage(
      `${folder.name} holds another board already. Join this one in another folder: --data ${quoted(folderBeside(folder.path))}.`,
      'DATABASE_EXISTS'
    )
  // made here: it needs no other link than its own
  if (!memory.joined) return memory
  const link = ofLink(join)
  return { ...memory, joined: link.joined, seed: link.seed ?? memory.seed }
}

function ofLink({ key, encryptionKey, seed, relays }: Invitation): Omit<Memory, 'version' | 'port'> {
  return {
    key: toHex(key),
    encryptionKey: encryptionKey && toHex(encryptionKey),
    seed: seed && toHex(seed),
    joined: { relays }
  }
}
