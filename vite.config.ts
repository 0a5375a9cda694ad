import type { UserConfig } from 'vite'
import { defineConfig } from 'vitest/config'
import { browserBundle, nodeBundle } from './.ci/bundles.ts'
import { pageBundle } from './.ci/page.ts'
import { projects } from './test/support/projects.ts'

const builds: Record<string, UserConfig> = { browser: browserBundle, page: pageBundle }

/** `vite build` builds for Node, `vite build --mode browser` for pages, `vite build --mode page` the demo's page. */
export default defineConfig(({ mode }) => ({
  ...(builds[mode] ?? nodeBundle),
  test: {
    // one fewer than there are cores is the default, which leaves the second of two idle: many cases wait for processes and pages
    maxWorkers: 2,
    projects: projects()
  }
}))
