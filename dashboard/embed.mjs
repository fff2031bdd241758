// Packs the built app for the binary: every file gzip'd into one blob, and the C++ table that finds them in it.
//   node embed.mjs DIST OUT
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml', '.json': 'application/json', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8',
};

// -n: no name and no time, so that the same content gives the same bytes.
function pack(content) {
  return execFileSync('gzip', ['-9', '-n'], { input: content, maxBuffer: 64 << 20 });
}

function assetsOf(dist) {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(dist, join(entry.parentPath, entry.name))).sort();
  return paths.map((path) => {
    const type = types[extname(path)];
    if (!type) throw new Error(`${path}: no media type is known for ${extname(path)}`);
    return { path: `/${path}`, type, packed: pack(readFileSync(join(dist, path))), immutable: path.startsWith('assets/') };
  });
}

function table(assets, blob) {
  let offset = 0;
  const rows = assets.map(({ path, type, packed, immutable }) => {
    const row = `      {"${path}", "${type}", piece(${offset}, ${packed.length}), ${immutable}},`;
    offset += packed.length;
    return row;
  });
  return `// Made by dashboard/embed.mjs.
#include "dashboard/assets.h"

#include <array>

asm(R"(
.section .rodata
.global doppel_dashboard_blob
doppel_dashboard_blob:
.incbin "${blob}"
.previous
)");
extern "C" const char doppel_dashboard_blob[];

namespace doppel {
namespace {

std::string_view piece(std::size_t offset, std::size_t size) { return {doppel_dashboard_blob + offset, size}; }

}  // namespace

std::span<const Asset> dashboard_assets() {
  static const std::array<Asset, ${assets.length}> kAssets = {{
${rows.join('\n')}
  }};
  return kAssets;
}

}  // namespace doppel
`;
}

const [dist, out] = process.argv.slice(2);
const assets = assetsOf(dist);
const blob = join(out, 'dashboard.bin');
mkdirSync(out, { recursive: true });
writeFileSync(blob, Buffer.concat(assets.map(({ packed }) => packed)));
writeFileSync(join(out, 'assets.cpp'), table(assets, blob));
const scripts = assets.filter(({ path }) => path.endsWith('.js')).reduce((sum, { packed }) => sum + packed.length, 0);
console.log(`dashboard: ${assets.length} files, ${(scripts / 1024).toFixed(1)} KiB of JavaScript (gzip)`);
