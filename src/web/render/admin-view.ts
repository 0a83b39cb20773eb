/** What the administrator's pages show. The server makes a view, a theme turns it into HTML; nothing else passes between them. */

import type {
  AuditRow,
  Chart,
  Device,
  Done,
  EnforcementName,
  Field,
  Hidden,
  MayNot,
  Method,
  Option,
  Pager,
  RuleRow,
  StatusName,
  UserRow,
  WhatIf,
  When,
} from './admin-parts.ts'

/** The sections, in the order of the navigation. */
export type Section = 'overview' | 'users' | 'rules' | 'settings' | 'audit' | 'sync'

/** The frame that every page shares. */
export interface AdminFrame {
  /** The path below which the realm's pages live: `/realms/demo`. */
  base: string
  realmName: string
  username: string
  /** The locale shown, one of the theme's. */
  locale: string
  locales: { tag: string; label: string; href: string; current: boolean }[]
  /** The sections that this user may open. */
  nav: { section: Section; href: string; current: boolean }[]
  /** POST nothing here. */
  signOutUrl: string
  /** The realm in Keycloak's own console. */
  consoleUrl: string
}

/** What belongs to a group of settings besides its fields. `href` and `testUrl` are there for whoever may change them. */
export interface Delivery {
  secrets: { name: string; isSet: boolean; href?: string }[]
  testUrl?: string
}

export type AdminView =
  | {
      page: 'overview'
      statuses: { status: StatusName; count: number; href: string; x: number; width: number }[]
      total: number
      /** Percent of all users who have a method. */
      enrolled: number
      attention: {
        kind: 'required-not-enrolled' | 'locked' | 'problem' | 'asks' | 'warnings'
        count: number
        href: string
      }[]
      /** How many days the charts are of. */
      ranges: { days: number; href: string; current: boolean }[]
      charts: Chart[]
    }
  | {
      page: 'users'
      search: string
      /**
       * The phone number that was searched for, masked: it goes back to no browser. Empty where the search was for something
       * that looks like one, and is none.
       */
      number?: string
      filters: { name: 'status' | 'enforcement' | 'method' | 'group'; options: Option[] }[]
      /** Whether anything narrows the list. */
      narrowed: boolean
      /** Only users of the groups that the reader manages are listed. */
      managed: boolean
      /** POST `search` and the filters. */
      searchAction: string
      clearUrl: string
      /** Where the reader may add users. */
      addUrl?: string
      users: UserRow[]
      pager: Pager
    }
  | {
      page: 'user'
      done?: Done
      listUrl: string
      username: string
      name: string
      email: string
      enabled: boolean
      federation?: string
      goneAt?: When
      status: StatusName
      enforcement: EnforcementName
      sentence: string
      /** What an override overrides. */
      byDefault?: { enforcement: EnforcementName; sentence: string }
      /** What the next login comes to: a word of the API. */
      next: 'skip' | 'challenge' | 'enrol' | 'enrol-by-link' | 'enrol-later' | 'blocked'
      nextUntil?: When
      lockedUntil?: When
      groups: string[]
      methods: Method[]
      devices: Device[]
      /** All at once, where there are several. */
      revokeDevicesUrl?: string
      /** Where the reader may change the enforcement. GET `enforcement` and `reason`. */
      override?: { action: string; options: Option[] }
      /** Overrides do not count in this realm. */
      overridesOff: boolean
      resetUrl?: string
      unlockUrl?: string
      /** The one-time code of the help desk that is outstanding, and what the reader may do about one. */
      bypass?: {
        given?: { by: string; at: When; until: When; reason: string }
        giveUrl?: string
        takeBackUrl?: string
      }
      mayNot?: MayNot
      consoleUrl: string
      audit?: { rows: AuditRow[]; allUrl: string }
    }
  /** A user to be added in Keycloak: POST the fields to `action`. */
  | {
      page: 'new-user'
      /** A refusal that is of no field. */
      alert?: { title: string; detail?: string }
      fields: Field[]
      action: string
      cancelUrl: string
      wrong?: true
    }
  /** What a one-time code does, before it is given: POST `reason` to `action`. `wrong`: there is no reason. */
  | {
      page: 'bypass'
      username: string
      reason: string
      /** One is outstanding. */
      replaces: boolean
      action: string
      cancelUrl: string
      wrong?: true
    }
  /** The code, this once. */
  | { page: 'bypass-given'; username: string; code: string; until: When; backUrl: string }
  /** An act in words, before it is done: POST `hidden` to `action`. `subject` and `detail` are for the sentence. */
  | {
      page: 'confirm'
      act: 'revoke' | 'revoke-devices' | 'reset' | 'unlock' | 'bypass' | 'sync' | 'secret'
      subject: string
      detail: string
      methods: string[]
      listed: string[]
      action: string
      hidden: Hidden
      cancelUrl: string
    }
  /** A change, before it is saved: POST `hidden` to `action`. `whatIf` absent: nobody's login changes. */
  | {
      page: 'preview'
      about: 'settings' | 'rule' | 'rule-removal' | 'override'
      subject: string
      changes: { label: string; from: string; to: string }[]
      whatIf?: WhatIf
      action: string
      hidden: Hidden
      /** Back to the form with what was typed. */
      backUrl: string
      cancelUrl: string
    }
  /** Somebody else was faster: GET `hidden` and a choice for each field to `action`. */
  | {
      page: 'conflict'
      subject: string
      fields: {
        name: string
        label: string
        was: string
        theirs: string
        mine: string
        by: string
        at: When
      }[]
      /** What else was changed meanwhile, and stays. */
      others: { label: string; was: string; theirs: string; by: string; at: When }[]
      /** One choice for all: to go on with mine, or to leave what there is now, which is at `cancelUrl`. */
      whole?: true
      action: string
      hidden: Hidden
      cancelUrl: string
      /** A choice is missing. */
      wrong?: true
    }
  | {
      page: 'rules'
      done?: Done
      rules: RuleRow[]
      byDefault: EnforcementName
      addUrl?: string
      proposals: { path: string; sentence: string }[]
    }
  | {
      page: 'rule-group'
      search: string
      groups: { path: string; href: string; hasRule: boolean }[]
      total: number
      cancelUrl: string
    }
  /** GET the fields and `hidden` to `action`. */
  | {
      page: 'rule'
      path: string
      /** Who in the group must set up and has not, and who has: `share` is percent of both. */
      progress?: { left: number; enrolled: number; share: number; leftUrl: string }
      exists: boolean
      fields: Field[]
      action: string
      hidden: Hidden
      removeUrl?: string
      cancelUrl: string
      wrong?: true
    }
  | {
      page: 'settings'
      done?: Done
      groups: { name: string; fields: Field[]; delivery?: Delivery }[]
      /** Absent where the reader may not change them. GET the fields and `hidden` here. */
      action?: string
      hidden: Hidden
      wrong?: true
    }
  /** A secret, which is never shown: POST `secret` to `action`. */
  | {
      page: 'secret'
      name: 'mail-password' | 'twilio-auth-token' | 'sms-webhook-secret'
      /** What it is called. */
      subject: string
      isSet: boolean
      action: string
      removeUrl?: string
      cancelUrl: string
      wrong?: true
    }
  /** A message that tries the settings out: POST `recipient` to `action`. `way` says how it goes. */
  | {
      page: 'test'
      about: 'mail' | 'sms'
      recipient: string
      way: string
      /** The newest test, whoever made it; `why` is in the API's words. */
      last?: { result: 'sent' | 'failed' | 'refused'; why?: string; at: When; by: string }
      error?: string
      action: string
      cancelUrl: string
      wrong?: true
    }
  | {
      page: 'audit'
      /** What was typed. */
      user: string
      events: Option[]
      from: string
      to: string
      /** The name that nobody has. */
      unknownUser?: true
      narrowed: boolean
      clearUrl: string
      rows: AuditRow[]
      firstUrl?: string
      nextUrl?: string
      csvUrl: string
      jsonlUrl: string
      wrong?: true
    }
  | {
      page: 'sync'
      done?: Done
      state: 'never' | 'running' | 'done' | 'stopped' | 'failed'
      running?: {
        phase: 'groups' | 'users' | 'members' | 'gone'
        done: number
        total: number
        startedAt: When
      }
      last?: { endedAt: When; users: number; groups: number; changes: number }
      completedAt?: When
      problem?: { reason: 'refused' | 'unreachable' | 'empty' | 'failed'; message: string; since: When }
      retryAt?: When
      asks?: { users: number; rules: string[]; confirmUrl?: string }
      warnings: { path: string; attribute: string; value: string; message: string }[]
      /** Where the reader may ask for a pass: POST nothing. */
      runUrl?: string
    }
  /** A refusal. `code` is the API's, `detail` its words; `id` the request's. */
  | { page: 'refused'; code: string; detail: string; id: string; homeUrl: string }
