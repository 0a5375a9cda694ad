import { createRequire } from 'node:module'
import type { Sodium } from './calls.ts'

/** The native module that Node's stack uses: what the facade is measured by. */
export const native = createRequire(import.meta.url)('sodium-native') as Sodium & Record<string, unknown>
