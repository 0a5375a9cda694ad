import { AutobeeError, type AutobeeErrorCode } from '../../src/index.ts'

interface Case {
  readonly code: AutobeeErrorCode
  readonly reason?: string
  matches(code: string, message: string): boolean
  /** Says what to do. */
  message(path: string): string
}

/** The first that matches. RocksDB's binding gives few codes, so its messages have to tell. */
const CASES: readonly Case[] = [
  {
    code: 'STORE_LOCKED',
    matches: (_, message) => /could not be locked|lock file|lock hold/i.test(message),
    message: path =>
      `the store in ${path} is open already, here or in another process; close it there, or use another folder`
  },
  {
    code: 'STORE_FULL',
    matches: (code, message) =>
      ['ENOSPC', 'EDQUOT'].includes(code) || /no space left|quota exceeded/i.test(message),
    message: path =>
      `there is no space left on the disk for the store in ${path}; make room and open it again`
  },
  {
    code: 'STORE_FAILED',
    reason: 'MOVED',
    matches: code => code === 'DEVICE_FILE',
    message: path =>
      `the store in ${path} was copied, moved or restored; written in two places, its logs would fork. ` +
      'Use the original, or, if no other copy will ever be opened again, delete the file CORESTORE in it'
  },
  {
    code: 'STORE_FAILED',
    reason: 'ACCESS',
    matches: code => ['EACCES', 'EPERM', 'EROFS'].includes(code),
    message: path => `the store in ${path} cannot be read and written; check the permissions of that folder`
  },
  {
    code: 'STORE_FAILED',
    reason: 'NOT_A_STORE',
    matches: code => ['EEXIST', 'ENOTDIR'].includes(code),
    message: path => `${path} is no folder; a store needs one of its own`
  },
  {
    code: 'STORE_FAILED',
    reason: 'MISSING',
    matches: code => code === 'ENOENT',
    message: path => `there is no store in ${path}`
  },
  {
    code: 'STORE_CORRUPT',
    matches: (code, message) =>
      code === 'EIO' || /corrupt|manifest|checksum|\.sst|wal_dir|column famil|sequence number/i.test(message),
    message: path =>
      `the store in ${path} is damaged and cannot be opened; restore it, or take a new folder and join again`
  }
]

/** What made a store on files impossible to open, as a typed error. */
export function fileStoreError(error: unknown, path: string): AutobeeError {
  if (AutobeeError.is(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  const found = CASES.find(({ matches }) => matches(code, message))
  if (!found)
    return new AutobeeError('STORE_FAILED', `the store in ${path} could not be opened: ${message}`, {
      cause: error
    })
  return new AutobeeError(found.code, found.message(path), {
    cause: error,
    ...(found.reason === undefined ? {} : { reason: found.reason })
  })
}
