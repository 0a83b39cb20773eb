import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,http,store,render}/**/*.test.ts'],
        },
      },
    ],
  },
})
