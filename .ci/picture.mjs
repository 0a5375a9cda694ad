// npm run picture: takes the README's picture of the demo's page anew.
import { join } from 'node:path'
import { main, root, setup } from './setup.mjs'

await main(async () => {
  await setup({ build: true, browsers: true })
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(join(root, 'test', 'page', 'picture.ts'))
  const path = join(root, 'docs', 'images', 'board.png')
  await module.takePicture(path)
  console.log(`Look at it: ${path}`)
})
