// How the application is built: hashed assets, the charts in a chunk of their own, and a
// development server that passes /api on to a running platform (TRADE2026_EDGE).
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const edge = process.env.TRADE2026_EDGE ?? "http://127.0.0.1:2026";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: edge, ws: true, changeOrigin: true } },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
