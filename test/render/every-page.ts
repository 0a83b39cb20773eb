import { createAccountRenderer } from '../../src/web/render/account.ts'
import { createAdminRenderer } from '../../src/web/render/admin.ts'
import { createRenderer } from '../../src/web/render/render.ts'
import { accountViews } from './account-samples.ts'
import { adminFrame, adminViews } from './admin-samples.ts'
import { servePages } from './browser.ts'
import { frame, views } from './samples.ts'

/** A page of the three kinds, in one of its states. */
interface Sample {
  /** As in the samples: the template's name, and the state after it. */
  name: string
  template: string
  /** What it was given: every text of it that is no theme's. */
  data: unknown
  html(locale: string): string
  asset: Parameters<typeof servePages>[0]['asset']
}

/** Every page that the samples know, in every state. */
export function everyPage(themesDir: string): Sample[] {
  const options = { themesDir, theme: 'keycloak' }
  const [login, account, admin] = [
    createRenderer(options),
    createAccountRenderer(options),
    createAdminRenderer(options),
  ]
  const { user: _, ...bare } = frame()
  return [
    ...Object.entries(views).map(([name, view]) => ({
      name,
      template: view.page,
      data: [view, frame()],
      html: (locale: string) => login.render(frame({ locale }), view),
      asset: (path: string) => login.asset(path),
    })),
    ...Object.entries(accountViews).map(([name, view]) => ({
      name,
      template: view.page,
      data: [view, bare],
      html: (locale: string) => account.render({ ...bare, locale }, view),
      asset: (path: string) => account.asset(path),
    })),
    ...Object.entries(adminViews).map(([name, view]) => ({
      name: `admin ${name}`,
      template: `admin ${view.page}`,
      data: [view, adminFrame()],
      html: (locale: string) => admin.render(adminFrame({ locale }), view),
      asset: (path: string) => admin.asset(path),
    })),
  ]
}

/** One state of each page. */
export const firstOfEach = (samples: readonly Sample[]): Sample[] =>
  [...new Map(samples.toReversed().map((one) => [one.template, one])).values()].toReversed()

/** The name of a page's picture in docs/images/pages. */
export const pictureOf = (template: string): string => `${template.replaceAll(' ', '-')}.jpg`

/** Serves them all at `/<name>?locale=`. */
export async function serveEveryPage(samples: readonly Sample[]) {
  const byName = new Map(samples.map((one) => [one.name, one]))
  const assets = [...new Set(samples.map(({ asset }) => asset))]
  return await servePages(
    { asset: (path) => assets.map((asset) => asset(path)).find((found) => found?.immutable) },
    (url) =>
      byName.get(decodeURIComponent(url.pathname.slice(1)))?.html(url.searchParams.get('locale') ?? 'en'),
  )
}
