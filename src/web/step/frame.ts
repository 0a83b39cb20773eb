import type { Realm } from '../../core/realm.ts'
import type { Transaction } from '../../core/login/transaction.ts'
import type { WebContext } from '../context.ts'
import type { Frame } from '../render/view.ts'
import { languageName } from '../render/per-locale.ts'

/** The frame of a step's pages: as the Keycloak page before them. */
export function frameOf(context: WebContext, realm: Realm, transaction: Transaction): Frame {
  const { question, account, stage } = transaction
  const locale = localeOf(context, question.locale)
  return {
    base: realm.base,
    realmDisplayName: question.realmDisplayName,
    locale,
    locales: offeredLocales(context, transaction).map((tag) => ({
      tag,
      label: languageName(tag),
      href: `${realm.base}/step/${transaction.id}?ui_locales=${tag}`,
      current: tag === locale,
    })),
    darkMode: question.darkMode,
    ...(question.level === 3 && ['challenge', 'enrol'].includes(stage.at) ? { strong: true as const } : {}),
    ...(question.own === undefined
      ? { user: { username: account.username, restartUrl: restartUrl(question.redirectUri) } }
      : { user: { username: account.username }, own: true }),
  }
}

/** The frame of a page that belongs to no step that this browser may see. */
export function bareFrame(
  context: WebContext,
  realm: { name: string; base: string },
  acceptLanguage: string,
): Frame {
  const wanted = acceptLanguage.split(',').map((part) => part.split(';', 1)[0]?.trim())
  const locale = wanted.map((tag) => match(context, tag)).find((tag) => tag !== undefined)
  return {
    base: realm.base,
    realmDisplayName: realm.name,
    locale: locale ?? localeOf(context, undefined),
    locales: [],
    darkMode: true,
  }
}

/** The theme's locales that the realm has too, with a region or without: `pt` for `pt-BR`. */
export function offeredLocales(context: WebContext, { question }: Transaction): string[] {
  return context.renderer.locales.filter((tag) =>
    question.locales.some((one) => one === tag || one.split('-', 1)[0] === tag),
  )
}

export function localeOf(context: WebContext, asked: string | undefined): string {
  return match(context, asked) ?? context.renderer.locales[0] ?? 'en'
}

function match({ renderer }: WebContext, tag: string | undefined): string | undefined {
  return (
    renderer.locales.find((own) => own === tag) ??
    renderer.locales.find((own) => own === tag?.split('-', 1)[0])
  )
}

/** Keycloak's "restart login", which takes the same client and tab as the login's own address. */
function restartUrl(redirectUri: string): string {
  const url = new URL(redirectUri)
  const query = new URLSearchParams()
  for (const name of ['client_id', 'tab_id', 'client_data']) {
    const value = url.searchParams.get(name)
    if (value !== null) query.set(name, value)
  }
  const path = url.pathname.replace(/\/[^/]*$/, '/restart')
  return `${url.origin}${path}?${query.toString()}`
}
