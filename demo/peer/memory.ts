import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Address, UserError } from './flags.ts'

const NAME = 'peer.json'

/** What a peer keeps in its folder beside the store, so that `--data DIR` alone goes on. */
export interface Memory {
  /** Of the database, as hex. */
  readonly key: string
  /** The port it listened on the last time. */
  readonly port: number
  readonly connect: readonly Address[]
}

/** @throws UserError when it is there and cannot be read */
export async function recall(folder: string): Promise<Memory | null> {
  const path = join(folder, NAME)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'ENOTDIR') throw new UserError(`${folder} is no folder. Choose another with --data.`)
    throw new UserError(
      `${path} cannot be read (${message}). Check its permissions, or choose another --data.`
    )
  }
  try {
    const memory = JSON.parse(text) as Memory
    if (typeof memory.key === 'string' && Array.isArray(memory.connect)) return memory
  } catch {
    // told below
  }
  throw new UserError(
    `${path} is damaged. Delete it, and give --join and --connect again if this peer had joined.`
  )
}

export async function remember(folder: string, memory: Memory): Promise<void> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, NAME)
  // whole or not at all
  await writeFile(`${path}.new`, `${JSON.stringify(memory, null, 2)}\n`)
  await rename(`${path}.new`, path)
}
