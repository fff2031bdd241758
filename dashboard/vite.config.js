import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const bundled = ['svelte', 'uplot', 'd3-geo', 'd3-array', 'internmap', 'topojson-client', 'world-atlas', '@fontsource-variable/inter'];

// The licences of what ends up in the bundle ask to travel with it.
const licences = {
  name: 'licences',
  generateBundle() {
    const text = (name) => {
      for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt']) {
        try {
          return readFileSync(new URL(`node_modules/${name}/${file}`, import.meta.url), 'utf8').trim();
        } catch {
          continue;
        }
      }
      throw new Error(`${name}: no licence file found`);
    };
    const source = bundled.map((name) => `${name}\n\n${text(name)}\n`).join(`\n${'-'.repeat(72)}\n\n`);
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
  },
};

export default defineConfig({
  plugins: [
    // Small: short names for scoped styles, which every template repeats, and templates that pack well.
    svelte({ configFile: false, compilerOptions: { discloseVersion: false, fragments: 'tree', cssHash: ({ hash, css }) => `s${hash(css).slice(0, 4)}` } }),
    licences,
  ],
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],  // light-dark() and nesting stay as written
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,                               // the content security policy allows no data: fonts
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/api': process.env.DOPPEL_SERVER ?? 'http://127.0.0.1:8090' },
  },
});
