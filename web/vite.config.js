import { defineConfig } from "vite";

/** Where the api runs while the page is being worked on with `npm run dev`. */
const API = "http://127.0.0.1:5000";

export default defineConfig({
  build: {
    outDir: "../backend/src/manimatic/api/studio",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy allows no data: addresses
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    proxy: Object.fromEntries(["/generate", "/status", "/jobs", "/check", "/health", "/videos"].map((path) => [path, API])),
  },
});
