/** What `fs` is in a page: a disk with nothing on it. Hypercore's storage looks for files of older versions, and finds none. */

export function existsSync(): boolean {
  return false
}

export const mkdirSync = missingSync
export const readdirSync = missingSync
export const renameSync = missingSync
export const unlinkSync = missingSync
export const writeFileSync = missingSync

export const promises = {
  mkdir: missing,
  readdir: missing,
  readFile: missing,
  rm: missing,
  rmdir: missing,
  stat: missing,
  unlink: missing
}

export function readFile(path: string, done: (error: Error) => void): void {
  queueMicrotask(() => done(notFound(path)))
}

export function open(path: string, _flags: string, done: (error: Error) => void): void {
  queueMicrotask(() => done(notFound(path)))
}

function missingSync(path: string): never {
  throw notFound(path)
}

async function missing(path: string): Promise<never> {
  throw notFound(path)
}

function notFound(path: string): Error {
  return Object.assign(new Error(`ENOENT: a page has no files: ${path}`), { code: 'ENOENT', path })
}
