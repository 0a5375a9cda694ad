/**
 * Waits for libsodium. To be imported by the public entries, never by what is reached through `require`. It asks the
 * package that the stack asks, so that both mean one instance.
 */
import { ready } from 'sodium-universal'

await ready
