import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readDatabase } from '../../src/adapters/keycloak/moving/database.ts'
import type { ForeignUser } from '../../src/core/moving/moving.ts'
import { otpOf } from '../support/moving.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'

/** The columns that are read, with the types that Keycloak 26.7.4's own change log (jpa-changelog-*.xml) gives them. */
const SCHEMA = `
  create table realm (id varchar(36) primary key, name varchar(255));
  create table user_entity (id varchar(36) primary key, realm_id varchar(255), username varchar(255),
    service_account_client_link varchar(255));
  create table user_attribute (id varchar(36) primary key, name varchar(255), value varchar(255), user_id varchar(36),
    long_value text);
  create table credential (id varchar(36) primary key, type varchar(255), user_id varchar(36), created_date bigint,
    user_label varchar(255), secret_data text, credential_data text, priority int, version int);
  create table fed_user_attribute (id varchar(36) primary key, name varchar(255), value varchar(2024),
    user_id varchar(255), realm_id varchar(36), storage_provider_id varchar(36), long_value text);
  create table fed_user_credential (id varchar(36) primary key, type varchar(255), user_id varchar(255),
    realm_id varchar(36), storage_provider_id varchar(36), created_date bigint, user_label varchar(255),
    secret_data text, credential_data text, priority int);`

const VALUE = 'abcdefghij0123456789'

describe("Keycloak's own database", () => {
  let database: TestDatabase
  let client: pg.Client
  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'))
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(SCHEMA)
    await client.query("insert into realm values ('r1', 'acme'), ('r2', 'other')")
    await client.query(
      `insert into user_entity select 'u-' || n, 'r1', 'user-' || n from generate_series(1, 1201) n`,
    )
    await client.query(
      "insert into user_entity values ('s', 'r1', 'service', 'client'), ('x', 'r2', 'x', null)",
    )
    const put = async (
      table: 'credential' | 'fed_user_credential',
      user: string,
      id: string,
      priority: number,
    ) => {
      const { userLabel, createdDate, secretData, credentialData } = otpOf(id, VALUE, { digits: 8 })
      const [column, value] = table === 'credential' ? ['version', 0] : ['realm_id', 'r1']
      await client.query(
        `insert into ${table} (id, type, user_id, created_date, user_label, secret_data, credential_data, priority,
          ${column}) values ($1, 'otp', $2, $3, $4, $5, $6, $7, $8)`,
        [id, user, createdDate, userLabel, secretData, credentialData, priority, value],
      )
    }
    await put('credential', 'u-7', 'second', 20)
    await put('credential', 'u-7', 'first', 10)
    await put('credential', 'x', 'others', 10)
    await put('credential', 's', 'service', 10)
    await put('fed_user_credential', 'f:ldap:ann', 'federated', 10)
    await client.query(
      "insert into credential (id, type, user_id, secret_data) values ('pw', 'password', 'u-7', '{}')",
    )
    await client.query(
      "insert into credential (id, type, user_id, secret_data) values ('bad', 'otp', 'u-9', null)",
    )
    await client.query(
      "insert into user_attribute values ('a', 'mobile', '+49170', 'u-7'), ('b', 'phone', 'x', 'u-7')",
    )
    await client.query("insert into user_attribute values ('c', 'mobile', null, 'u-8', '+49171')")
    await client.query(
      "insert into fed_user_attribute values ('d', 'mobile', '+49172', 'f:ldap:bob', 'r1', 'ldap'), ('e', 'mobile', 'x', 'f:x', 'r2', 'l')",
    )
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })
  const read = async (realm: string, url = database.url) => {
    const users = new Map<string, ForeignUser>()
    for await (const user of readDatabase(url, { realm, phoneAttribute: 'mobile', now: 1_800_000_000_000 })) {
      if (user !== undefined) users.set(user.id, user)
    }
    return users
  }

  it("gives the realm's users in pages, service accounts left out, those of a federation too", async () => {
    const users = await read('acme')
    expect(users.size).toBe(1203)
    expect(users.has('s')).toBe(false)
    expect(users.get('f:ldap:ann')?.apps).toMatchObject([{ id: 'federated', data: { digits: 8 } }])
    expect([...(await read('other')).keys()].toSorted()).toEqual(['f:x', 'x'])
  })

  it('gives the apps in the order of their priority, and one that is broken as such', async () => {
    const users = await read('acme')
    expect(users.get('u-7')?.apps).toMatchObject([
      { id: 'first', label: 'My phone', createdAt: 1_700_000_000_000, data: { digits: 8 } },
      { id: 'second' },
    ])
    expect(users.get('u-9')?.apps).toEqual([{ id: 'bad', skip: 'malformed' }])
  })

  it('gives the number of the attribute that was named, long or short', async () => {
    const users = await read('acme')
    const phones = ['u-7', 'u-8', 'u-9', 'f:ldap:bob'].map((id) => users.get(id)?.phone)
    expect(phones).toEqual(['+49170', '+49171', undefined, '+49172'])
  })

  it('is only read: a user without any other right is enough', async () => {
    await client.query("create role moving_reader login password 'reader'")
    try {
      await client.query('grant select on all tables in schema public to moving_reader')
      const url = new URL(database.url)
      url.username = 'moving_reader'
      url.password = 'reader'
      expect((await read('acme', url.href)).size).toBe(1203)
    } finally {
      await client.query('drop owned by moving_reader; drop role moving_reader')
    }
  })

  it('has to have the realm', async () => {
    await expect(read('none')).rejects.toThrow('no realm none')
  })
})
