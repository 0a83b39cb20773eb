import type { Migration } from 'kysely/migration'
import { login } from './0001-login.ts'
import { sendCounts } from './0002-send-counts.ts'
import { administration } from './0003-administration.ts'
import { mail } from './0004-mail.ts'
import { userList } from './0005-user-list.ts'
import { sessions } from './0006-sessions.ts'
import { links } from './0007-links.ts'
import { phoneSearch } from './0008-phone-search.ts'
import { figures } from './0009-figures.ts'
import { trustedDevices } from './0011-trusted-devices.ts'
import { movingIn } from './0012-moving-in.ts'
import { helpDesk } from './0013-help-desk.ts'
import { listing } from './0014-listing.ts'
import { large } from './0015-large.ts'
import { names } from './0016-names.ts'

/** This version's migrations by name, in their order. A name that was given is given for ever. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-login': login,
  '0002-send-counts': sendCounts,
  '0003-administration': administration,
  '0004-mail': mail,
  '0005-user-list': userList,
  '0006-sessions': sessions,
  '0007-links': links,
  '0008-phone-search': phoneSearch,
  '0009-figures': figures,
  '0011-trusted-devices': trustedDevices,
  '0012-moving-in': movingIn,
  '0013-help-desk': helpDesk,
  '0014-listing': listing,
  '0015-large': large,
  '0016-names': names,
}
