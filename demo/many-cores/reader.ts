/** `npm run many-cores:reader`: finds all cores of a writer from the key of its main core, and prints what is appended. */
import { setTimeout as sleep } from 'node:timers/promises'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { openStore } from '../../adapters/storage/file.ts'
import { harmless } from '../cli/text.ts'
import { toHex } from '../common/keys.ts'
import { UserError } from '../common/user-error.ts'
import { otherKeysOf } from './cores.ts'
import { parseReaderFlags, READER_HELP, type ReaderFlags } from './flags.ts'
import { type Meeting, meet } from './meeting.ts'
import { run } from './program.ts'

await run(async stop => {
  const flags = parseReaderFlags(process.argv.slice(2))
  if (flags.help) return console.log(READER_HELP)
  const store = await openStore(flags.data)
  try {
    const main = store.get({ key: flags.key, valueEncoding: 'json' })
    await main.ready()
    // from here on, update() waits for peers instead of settling for none
    const foundPeers = store.findingPeers()
    const meeting = await meet(store, main.discoveryKey, flags)
    try {
      const followed = follow(main, { store, meeting, flags, foundPeers, stop })
      followed.catch(() => {})
      await Promise.race([stop, followed])
    } finally {
      await meeting.close()
    }
  } finally {
    await store.close()
  }
})

interface Search {
  readonly store: Corestore
  readonly meeting: Meeting
  readonly flags: ReaderFlags
  readonly stop: Promise<void>
  /** Says that nobody more is looked for. */
  foundPeers(): void
}

/** Never resolves. @throws UserError */
async function follow(main: Hypercore, search: Search): Promise<void> {
  await findWriter(main, search)
  const others = (await readKeys(main)).map(key => search.store.get({ key }))
  await Promise.all([main, ...others].map(core => print(core)))
}

/** Resolves when the main core has a block, of this run or of an earlier one. @throws UserError */
async function findWriter(main: Hypercore, { meeting, flags, stop, foundPeers }: Search): Promise<void> {
  let isOver = false
  // when nobody is found at once, somebody may come a moment later
  const over = Promise.all([
    Promise.race([sleep(flags.patience, undefined, { ref: false }), stop]),
    meeting.flushed()
  ]).then(() => {
    isOver = true
    foundPeers()
  })
  while (main.length === 0 && !isOver) {
    // resolves with the first peer that has more, or when nobody more is looked for
    await main.update()
    if (main.length === 0)
      await Promise.race([over, new Promise(resolve => main.once('append', resolve as () => void))])
  }
  foundPeers()
  if (main.length > 0) return
  if (meeting.peers === 0) throw new UserError('Could not connect to the writer peer')
  throw new UserError(
    `Connected, but nobody there has the core ${flags.key}. Compare the key with the one that the writer prints.`
  )
}

/** Of the writer's other cores. @throws UserError */
async function readKeys(main: Hypercore): Promise<readonly string[]> {
  try {
    const otherKeys = otherKeysOf(await main.get<unknown>(0))
    if (otherKeys) return otherKeys
  } catch (error) {
    if (main.closing) throw error
  }
  throw new UserError(
    `${toHex(main.key)} is no writer's main core: its first block lists no other cores. Take the key of the main core.`
  )
}

/** Prints every block in order, those that are yet to come included. */
async function print(core: Hypercore): Promise<void> {
  const key = toHex(core.key)
  let index = 0
  for await (const block of core.createReadStream<unknown>({ live: true })) {
    const text = block instanceof Uint8Array ? Buffer.from(block).toString() : JSON.stringify(block)
    console.log(`Block ${index++} of core ${key}: ${harmless(text)}`)
  }
}
