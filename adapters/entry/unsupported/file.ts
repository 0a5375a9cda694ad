/** `autobee/storage/file` in a page. */
import type * as real from '../../storage/file.ts'
import { refuse } from './refuse.ts'

const where = { needs: 'the files of Node', instead: 'openStore(name) or indexedDb(name) in a page' }

export const file: typeof real.file = refuse('file', where)
export const openStore: typeof real.openStore = refuse('openStore of autobee/storage/file', where)
