import { defineChunking } from './chunking.ts'
import { folders } from './disk.ts'

defineChunking(folders)
