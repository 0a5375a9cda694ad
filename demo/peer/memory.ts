import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '../common/address.ts'
import { readJsonFile, writeJsonFile } from '../common/json-file.ts'
import { UserError } from '../common/user-error.ts'

const NAME = 'peer.json'
/** What the command line keeps: the store beside it holds a database of that. */
const COMMAND_LINE = 'autobee.json'

/** What a peer keeps in its folder beside the store, so that `--data DIR` alone goes on. */
export interface Memory {
  /** Of the database, as hex. */
  readonly key: string
  /** The port it listened on the last time. */
  readonly port: number
  readonly connect: readonly Address[]
}

/** @throws UserError when it is there and cannot be read, or the folder is another program's */
export function recall(folder: string): Promise<Memory | null> {
  if (existsSync(join(folder, COMMAND_LINE)))
    throw new UserError(
      `${folder} holds a database of the command line: go on with \`autobee\`, or choose another --data.`
    )
  return readJsonFile(join(folder, NAME), {
    isValid: isMemory,
    remedy: 'Delete it, and give --join and --connect again if this peer had joined.'
  })
}

export function remember(folder: string, memory: Memory): Promise<void> {
  return writeJsonFile(join(folder, NAME), memory)
}

function isMemory(value: unknown): value is Memory {
  const memory = value as Memory | null
  return typeof memory?.key === 'string' && Array.isArray(memory.connect)
}
