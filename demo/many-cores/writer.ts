/**
 * `npm run many-cores:writer`: several Hypercores of one Corestore. Their names are known to this store only; a reader
 * gets the key of the main core from the user, and those of the others from the main core's first block.
 */
import { createInterface } from 'node:readline'
import type Hypercore from 'hypercore'
import { openStore } from '../../adapters/storage/file.ts'
import { toHex } from '../common/keys.ts'
import { parseWriterFlags, WRITER_HELP } from './flags.ts'
import { meet } from './meeting.ts'
import { run } from './program.ts'

/** Messages with fewer bytes are short. */
const LONG = 5

await run(async stop => {
  const flags = parseWriterFlags(process.argv.slice(2))
  if (flags.help) return console.log(WRITER_HELP)
  const store = await openStore(flags.data)
  try {
    const main = store.get({ name: 'main', valueEncoding: 'json' })
    const short = store.get({ name: 'short' })
    const long = store.get({ name: 'long' })
    await Promise.all([main, short, long].map(core => core.ready()))

    // a Corestore replicates all of its cores to whoever has their keys, and gives the keys to nobody
    if (main.length === 0) await main.append({ otherKeys: [short, long].map(core => toHex(core.key)) })

    const meeting = await meet(store, main.discoveryKey, flags)
    try {
      console.log(`Main core ${toHex(main.key)}`)
      console.log(`Short messages go to core ${toHex(short.key)}, long ones to core ${toHex(long.key)}`)
      console.log(`Read them: npm run many-cores:reader -- ${toHex(main.key)} ${meeting.flags}`)
      if (meeting.page) console.log(`Or in a browser: ${meeting.page}key=${toHex(main.key)}`)
      const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
      const failed = appendLines(lines, { short, long }).then(() => stop)
      await Promise.race([stop, failed])
      lines.close()
      process.stdin.destroy()
    } finally {
      await meeting.close()
    }
  } finally {
    await store.close()
  }
})

async function appendLines(
  lines: AsyncIterable<string>,
  { short, long }: { short: Hypercore; long: Hypercore }
): Promise<void> {
  for await (const line of lines) {
    const message = Buffer.from(line)
    if (message.length === 0) continue
    const [name, core] = message.length < LONG ? (['short', short] as const) : (['long', long] as const)
    try {
      const { length } = await core.append(message)
      console.log(`Appended to ${name}: block ${length - 1}`)
    } catch (error) {
      // such as a line of 20 MB; those that follow may be shorter
      console.error(`Not appended. ${(error as Error).message}`)
    }
  }
}
