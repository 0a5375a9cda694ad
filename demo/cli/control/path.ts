import { createHash } from 'node:crypto'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../common/user-error.ts'
import type { Folder } from '../folder.ts'

/** Bytes that the path of a socket may have on every system: 103 on macOS, 107 on Linux. */
const MOST_BYTES = 103

/** Where the one who has a folder's store open listens: in the folder, or, when that path is too long, in /tmp. */
export async function controlPath(folder: Folder): Promise<string> {
  const real = await folder.realPath()
  const id = createHash('sha256').update(real).digest('hex').slice(0, 32)
  if (process.platform === 'win32') return `\\\\.\\pipe\\autobee-${id}`
  const inside = join(real, 'control.sock')
  return Buffer.byteLength(inside) <= MOST_BYTES ? inside : join(privateFolder(), `${id}.sock`)
}

/**
 * Makes the folder of a socket outside of the data folder: this user's alone, or somebody else could listen there.
 * @throws UserError `CONTROL_FAILED`
 */
export async function prepare(path: string): Promise<void> {
  const folder = privateFolder()
  if (!path.startsWith(folder)) return
  await mkdir(folder, { mode: 0o700 }).catch(() => {})
  if (await isMine(folder)) return
  throw new UserError(
    `${folder} belongs to somebody else, or is open to others. Remove it, or choose a --data with a shorter path.`,
    { code: 'CONTROL_FAILED' }
  )
}

/** May what listens there be trusted? */
export async function isTrusted(path: string): Promise<boolean> {
  return !path.startsWith(privateFolder()) || (await isMine(privateFolder()))
}

// not the system's folder for temporary files by its variable: whoever serves may have another one set
function privateFolder(): string {
  return `/tmp/autobee-${process.getuid?.() ?? 0}`
}

async function isMine(folder: string): Promise<boolean> {
  try {
    const { uid, mode } = await lstat(folder)
    return uid === process.getuid?.() && (mode & 0o170077) === 0o040000
  } catch {
    return false
  }
}
