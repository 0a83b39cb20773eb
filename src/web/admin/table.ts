import { addUser, newUser } from './add-user.ts'
import { exportAudit } from './export-audit.ts'
import { confirmReset, reset } from './reset-user.ts'
import { confirmDevices, revokeDevices } from './revoke-devices.ts'
import { confirmRevoke, revoke } from './revoke-method.ts'
import { askForReason, giveBypass } from './give-bypass.ts'
import { confirmTakeBack, takeBypassBack } from './take-bypass-back.ts'
import { chooseGroup } from './choose-group.ts'
import { previewOverride, saveOverride } from './save-override.ts'
import { previewRemoval, removeRule } from './remove-rule.ts'
import { previewRule, saveRule } from './save-rule.ts'
import { confirmSecretRemoval, removeSecret, saveSecret, showSecret } from './save-secret.ts'
import { previewSettings, saveSettings } from './save-settings.ts'
import { confirmDrops, confirmSync, leadToSync, runSync } from './run-sync.ts'
import { leadToUsers, searchUsers } from './search-users.ts'
import { MAIL_TEST, sendTest, showTest, SMS_TEST } from './send-test.ts'
import { showAudit } from './show-audit.ts'
import { showOverview } from './show-overview.ts'
import { showRule } from './show-rule.ts'
import { showRules } from './show-rules.ts'
import { showSettings } from './show-settings.ts'
import { showSync } from './show-sync.ts'
import { showUser } from './show-user.ts'
import { showUsers } from './show-users.ts'
import { confirmUnlock, unlock } from './unlock-user.ts'
import type { Page } from './visit.ts'

/**
 * `before a change`: a page that only shows, and wants a second factor as fresh as the change that it leads to. What is
 * posted does, unless it `only looks`; where it is not fresh, the browser comes back to the page of the same address.
 */
export type Route = [verb: 'get' | 'post', path: string, page: Page, kind?: 'before a change' | 'only looks']

/** Every page, below `/realms/{realm}/admin`. */
export const ROUTES: Route[] = [
  ['get', '/', showOverview],

  ['get', '/users', showUsers],
  ['get', '/users/search', leadToUsers],
  ['post', '/users/search', searchUsers, 'only looks'],
  ['get', '/users/new', newUser, 'before a change'],
  ['post', '/users/new', addUser],
  ['get', '/users/:userId', showUser],
  ['get', '/users/:userId/override', previewOverride, 'before a change'],
  ['post', '/users/:userId/override', saveOverride],
  ['get', '/users/:userId/methods/:methodId/revoke', confirmRevoke, 'before a change'],
  ['post', '/users/:userId/methods/:methodId/revoke', revoke],
  ['get', '/users/:userId/devices/revoke', confirmDevices, 'before a change'],
  ['post', '/users/:userId/devices/revoke', revokeDevices],
  ['get', '/users/:userId/devices/:deviceId/revoke', confirmDevices, 'before a change'],
  ['post', '/users/:userId/devices/:deviceId/revoke', revokeDevices],
  ['get', '/users/:userId/reset', confirmReset, 'before a change'],
  ['post', '/users/:userId/reset', reset],
  ['get', '/users/:userId/unlock', confirmUnlock, 'before a change'],
  ['post', '/users/:userId/unlock', unlock],
  ['get', '/users/:userId/bypass', askForReason, 'before a change'],
  ['post', '/users/:userId/bypass', giveBypass],
  ['get', '/users/:userId/bypass/take-back', confirmTakeBack, 'before a change'],
  ['post', '/users/:userId/bypass/take-back', takeBypassBack],

  ['get', '/rules', showRules],
  ['get', '/rules/new', chooseGroup],
  ['get', '/rules/:groupId', showRule],
  ['get', '/rules/:groupId/save', previewRule, 'before a change'],
  ['post', '/rules/:groupId/save', saveRule],
  ['get', '/rules/:groupId/remove', previewRemoval, 'before a change'],
  ['post', '/rules/:groupId/remove', removeRule],

  ['get', '/settings', showSettings],
  ['get', '/settings/save', previewSettings, 'before a change'],
  ['post', '/settings/save', saveSettings],

  ['get', '/settings/mail-test', showTest(MAIL_TEST), 'before a change'],
  ['post', '/settings/mail-test', sendTest(MAIL_TEST)],
  ['get', '/settings/sms-test', showTest(SMS_TEST), 'before a change'],
  ['post', '/settings/sms-test', sendTest(SMS_TEST)],
  ['get', '/settings/secrets/:name', showSecret, 'before a change'],
  ['post', '/settings/secrets/:name', saveSecret],
  ['get', '/settings/secrets/:name/remove', confirmSecretRemoval, 'before a change'],
  ['post', '/settings/secrets/:name/remove', removeSecret],

  ['get', '/audit', showAudit],
  ['get', '/audit/export', exportAudit],

  ['get', '/sync', showSync],
  ['get', '/sync/confirm', confirmSync, 'before a change'],
  ['post', '/sync/confirm', confirmDrops],
  ['get', '/sync/run', leadToSync],
  ['post', '/sync/run', runSync],
]
