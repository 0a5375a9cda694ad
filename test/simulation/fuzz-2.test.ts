import { disks } from './disk.ts'
import { defineFuzz } from './fuzz.ts'

defineFuzz(disks, { part: 1, parts: 2 })
