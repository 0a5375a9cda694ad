/** Before the cases of a file: the stack hashes when it is imported, and all other cryptography has to be there. */
import sodium from 'sodium-universal'

await (sodium as { ready: Promise<void> }).ready
