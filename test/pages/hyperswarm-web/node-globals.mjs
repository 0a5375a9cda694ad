/** For esbuild's `inject`, so before all else: what `hyperswarm-web`, made for browserify, takes to be there. */
import { Buffer } from 'buffer'
import process from 'process/browser.js'

Object.assign(globalThis, { Buffer, process })
