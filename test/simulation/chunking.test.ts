import { defineChunking } from './chunking.ts'
import { disks } from './disk.ts'

defineChunking(disks)
