import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UserError } from './user-error.ts'

export interface ReadOptions<T> {
  /** Is that what was written? */
  isValid(value: unknown): value is T
  /** What to do about a damaged file. */
  readonly remedy: string
}

/** null when there is none. @throws UserError when it is there and cannot be read */
export async function readJsonFile<T>(path: string, { isValid, remedy }: ReadOptions<T>): Promise<T | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'ENOTDIR')
      throw new UserError(`${dirname(path)} is no folder. Choose another with --data.`, {
        code: 'INVALID_FOLDER'
      })
    throw new UserError(
      `${path} cannot be read (${message}). Check its permissions, or choose another --data.`,
      { code: 'INVALID_FOLDER' }
    )
  }
  try {
    const value: unknown = JSON.parse(text)
    if (isValid(value)) return value
  } catch {
    // told below
  }
  throw new UserError(`${path} is damaged. ${remedy}`, { code: 'INVALID_FOLDER' })
}

export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`)
}

export interface WriteOptions {
  readonly mode?: number
  /** Leaves a file alone that is there already. */
  readonly isNew?: boolean
}

/**
 * Whole or not at all, whoever else writes it, and on disk when it resolves. Folders that are missing are made for
 * this user alone: what is kept beside such a file is nobody else's business.
 * @returns false when it was there already, and had to be new
 * @throws UserError
 */
export async function writeWhole(
  path: string,
  content: string,
  { mode = 0o666, isNew = false }: WriteOptions = {}
): Promise<boolean> {
  const aside = `${path}.${randomUUID()}.new`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(aside, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    if (isNew) await link(aside, path)
    else await rename(aside, path)
    await syncFolder(dirname(path))
    return true
  } catch (error) {
    if (isNew && (error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new UserError(
      `${path} cannot be written (${(error as Error).message}). Check the permissions and the free space, or choose another --data.`,
      { code: 'INVALID_FOLDER' }
    )
  } finally {
    await rm(aside, { force: true }).catch(() => {})
  }
}

/** A name is on disk when its folder is. Windows has no such thing, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    // some network file systems take this for files alone, and have names on disk by themselves
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    await folder.close()
  }
}
