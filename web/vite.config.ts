import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page is served by `flightledger up` from any path, so every address in it is relative.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { outDir: "dist", emptyOutDir: true, sourcemap: false, chunkSizeWarningLimit: 800 },
});
