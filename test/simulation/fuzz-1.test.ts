import { folders } from './disk.ts'
import { defineFuzz } from './fuzz.ts'

defineFuzz(folders, { part: 0, parts: 2 })
