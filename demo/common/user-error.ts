/** What a user can put right: the message says how, and is all that is shown. */
export class UserError extends Error {
  /** For scripts: stable, unlike the message. */
  readonly code: string
  /** 1: it failed; 2: it was asked for wrongly; 3: there is no such key. */
  readonly exitCode: number
  /** What scripts get beside code and message. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    {
      code = 'FAILED',
      exitCode = 1,
      details = {}
    }: { code?: string; exitCode?: number; details?: Record<string, unknown> } = {}
  ) {
    super(message)
    this.code = code
    this.exitCode = exitCode
    this.details = details
  }
}

/** The command line is wrong, nothing was tried. */
export function usage(message: string, code = 'USAGE'): UserError {
  return new UserError(message, { code, exitCode: 2 })
}
