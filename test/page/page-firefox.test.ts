import puppeteer from 'puppeteer-core'
import { expect, test } from 'vitest'
import { findFirefox } from '../../.ci/chromium.mjs'
import { PageSite } from './page-site.ts'

const executablePath = findFirefox()

/** Firefox is not needed for the tests to be complete: where there is none, this is skipped, and says so. */
test.skipIf(!executablePath)(
  `Firefox makes a board, and has it after a reload${executablePath ? '' : ' (skipped: there is no Firefox on this machine)'}`,
  async () => {
    const site = await PageSite.start()
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: executablePath as string,
      headless: true,
      defaultViewport: null
    })
    try {
      const page = await browser.newPage()
      const errors: string[] = []
      page.on('pageerror', error => errors.push(String(error)))
      page.on('console', message => {
        if (message.type() === 'error') errors.push(message.text())
      })
      await page.goto(site.url)
      await page.waitForSelector('input[name=name]')
      await page.type('input[name=name]', 'Our flat')
      await page.type('input[name=me]', 'Ada')
      await page.click('.button.main')
      await page.waitForSelector('.add input')
      await page.type('.add input', 'Milk')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.item .tick input')
      await page.click('.item .tick input')
      await page.waitForSelector('.item.done')
      await page.reload()
      await page.waitForSelector('.item.done')
      expect(await page.$$eval('.item .text', texts => texts.map(text => text.textContent))).toEqual(['Milk'])
      expect(errors).toEqual([])
    } finally {
      await browser.close()
      await site.close()
    }
  }
)
