import { defineConfig } from 'vitest/config'

/** Tests with a browser: one Keycloak, which knows one sidecar's address, so one file at a time. */
const browser = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,render}/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'database',
          include: ['test/{chaos,http,store}/**/*.test.ts'],
          globalSetup: 'test/support/postgres-setup.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'keycloak',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/keycloak.ts',
          sequence: { groupOrder: 2 },
          ...browser,
        },
      },
      {
        test: {
          name: 'keycloak-older',
          include: ['test/e2e/{first-login,lockout,manage,step-up-levels}.test.ts'],
          globalSetup: 'test/support/keycloak-older.ts',
          sequence: { groupOrder: 3 },
          ...browser,
        },
      },
    ],
  },
})
