/**
 * {@link import('./sodium.ts')} as a CommonJS module, for `require('sodium-native')`: Rolldown writes a broken entry for a
 * package that passes a whole ES module on (`module.exports = require(…)`), as `sodium-universal` would.
 */
import facade = require('./sodium.ts')

export = facade.default
