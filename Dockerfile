# Latchkey, the sidecar. Nothing of the build stays in the image.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY rolldown.config.ts ./
COPY src src
RUN node node_modules/rolldown/bin/cli.mjs --config rolldown.config.ts

FROM node:24-slim AS production
WORKDIR /production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
# One arena: what is freed can be used again, and the server does its work on one thread.
ENV NODE_ENV=production \
    LATCHKEY_HTTP_HOST=0.0.0.0 \
    MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=production /production/package.json ./
COPY --from=production /production/node_modules node_modules
COPY --from=build /build/dist dist
COPY themes themes
USER node
EXPOSE 8090 9090
# Garbage is collected early: half of the memory under load, for a twentieth more of the processor.
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=20", "dist/cli.js", "serve"]
