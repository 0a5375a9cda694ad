import { disks } from './disk.ts'
import { defineFuzz } from './fuzz.ts'

defineFuzz(disks, { part: 0, parts: 2 })
