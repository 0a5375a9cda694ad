import { folders } from './disk.ts'
import { defineFuzz } from './fuzz.ts'

defineFuzz(folders, { part: 1, parts: 2 })
