/** Every code an {@link AutobeeError} can carry. Codes are stable; messages are not. */
export type AutobeeErrorCode =
  | 'ALREADY_PUBLISHED'
  | 'APPLY_FAILED'
  | 'CLOCK_SKEW'
  | 'CLOSED'
  | 'CONFLICT'
  | 'DECODING_FAILED'
  | 'ENCRYPTION_KEY_MISMATCH'
  | 'ENTRY_TOO_LARGE'
  | 'INTERRUPTED'
  | 'INVALID_ARGUMENT'
  | 'INVALID_ENTRY'
  | 'INVALID_KEY'
  | 'INVALID_OPTIONS'
  | 'NOT_OWNER'
  | 'NOT_SUPPORTED'
  | 'NOT_WRITABLE'
  | 'OPTIONS_MISMATCH'
  | 'OWNER_CHANGED'
  | 'STORE_CLOSED'
  | 'STORE_CORRUPT'
  | 'STORE_FAILED'
  | 'STORE_FULL'
  | 'STORE_LOCKED'
  | 'STORE_READONLY'
  | 'TRANSPORT_FAILED'
  | 'UNSUPPORTED_RUNTIME'
  | 'UPGRADE_REQUIRED'
  | 'WAITING'

/**
 * The one error class of this package. Decide by `code`; `message` says what to do, `cause` keeps what was
 * thrown underneath, and `reason` tells apart the cases of one code (for `WAITING`: what is waited for).
 */
export class AutobeeError extends Error {
  readonly code: AutobeeErrorCode
  readonly reason: string | undefined

  /** @param message what to do; the code is put before it */
  constructor(code: AutobeeErrorCode, message: string, options: { cause?: unknown; reason?: string } = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AutobeeError'
    this.code = code
    this.reason = options.reason
  }

  /** Is `error` an AutobeeError, with this code if one is given? Works across two copies of the package. */
  static is(error: unknown, code?: AutobeeErrorCode): error is AutobeeError {
    if (!(error instanceof Error) || error.name !== 'AutobeeError') return false
    return code === undefined || (error as AutobeeError).code === code
  }
}

/** Turns whatever was thrown into an AutobeeError; one that is already typed passes unchanged. */
export function toAutobeeError(
  error: unknown,
  fallback: { code: AutobeeErrorCode; message: string }
): AutobeeError {
  if (AutobeeError.is(error)) return error
  return new AutobeeError(fallback.code, `${fallback.message}: ${messageOf(error)}`, { cause: error })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
