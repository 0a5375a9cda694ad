import '../../adapters/storage/open-store.test.ts'
import '../../adapters/storage/stand-in.test.ts'
