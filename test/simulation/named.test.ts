import { folders } from './disk.ts'
import { defineNamed } from './named.ts'

defineNamed(folders)
