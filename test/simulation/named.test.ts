import { disks } from './disk.ts'
import { defineNamed } from './named.ts'

defineNamed(disks)
