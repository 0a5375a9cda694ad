import { defineConfig } from 'vitest/config'
import { browserBundle, nodeBundle } from './.ci/bundles.ts'
import { projects } from './test/support/projects.ts'

/** `vite build` builds for Node, `vite build --mode browser` for pages. */
export default defineConfig(({ mode }) => ({
  ...(mode === 'browser' ? browserBundle : nodeBundle),
  test: {
    projects: projects()
  }
}))
