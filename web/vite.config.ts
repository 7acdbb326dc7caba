import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Chunks that change seldom, so that a new version of the console leaves them in the browser's cache. */
const VENDOR: readonly [name: string, test: RegExp][] = [
  ["terminal", /node_modules\/@xterm\//],
  ["react", /node_modules\/(react|react-dom|scheduler|react-router|@tanstack)\//],
];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: { codeSplitting: { groups: VENDOR.map(([name, test]) => ({ name, test })) } },
    },
  },
  server: {
    port: 5173,
    proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true, changeOrigin: true } },
  },
});
