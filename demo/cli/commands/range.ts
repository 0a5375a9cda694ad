import type { Command } from 'commander'

/** The keys that a command is about. */
export interface RangeFlags {
  readonly gte?: string
  readonly gt?: string
  readonly lt?: string
  readonly lte?: string
  readonly prefix?: string
}

export function withRange(command: Command): Command {
  return command
    .option('--prefix <text>', 'only keys that begin with this')
    .option('--gte <key>', 'only from this key on')
    .option('--gt <key>', 'only after this key')
    .option('--lt <key>', 'only before this key')
    .option('--lte <key>', 'only up to this key')
}

export function rangeOf({ gte, gt, lt, lte, prefix }: RangeFlags): RangeFlags {
  return {
    ...(gte !== undefined && { gte }),
    ...(gt !== undefined && { gt }),
    ...(lt !== undefined && { lt }),
    ...(lte !== undefined && { lte }),
    ...(prefix !== undefined && { prefix })
  }
}
