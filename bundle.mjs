// Bundles the third-party modules of the page into htdocs/vendor/, with their licences: `npm run build`.
// Our own modules are served as they are.
import { build } from 'esbuild';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, 'htdocs', 'vendor');

const bundles = {
  preact: `
    import htm from 'htm';
    import { h } from 'preact';
    export { render } from 'preact';
    export { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
    export const html = htm.bind(h);`,
  editor: `
    export { EditorState, Compartment } from '@codemirror/state';
    export {
      EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap,
      lineNumbers,
    } from '@codemirror/view';
    export { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
    export {
      HighlightStyle, StreamLanguage, bracketMatching, foldGutter, indentOnInput, indentUnit, syntaxHighlighting,
    } from '@codemirror/language';
    export { search, searchKeymap, highlightSelectionMatches } from '@codemirror/search';
    export { linter, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
    export { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
    export { tags } from '@lezer/highlight';
    export { cpp } from '@codemirror/lang-cpp';
    export { php } from '@codemirror/lang-php';
    export { python } from '@codemirror/lang-python';
    export { javascript } from '@codemirror/lang-javascript';
    export { json, jsonParseLinter } from '@codemirror/lang-json';
    export { shell } from '@codemirror/legacy-modes/mode/shell';`,
};

// The package that a bundled file belongs to: node_modules/NAME or node_modules/@SCOPE/NAME.
function packageOf(file) {
  const at = file.lastIndexOf('node_modules/');
  if (at < 0) return null;
  const parts = file.slice(at + 'node_modules/'.length).split('/');
  return { folder: file.slice(0, at) + 'node_modules/' + parts.slice(0, parts[0].startsWith('@') ? 2 : 1).join('/') };
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']) {
    const text = await readFile(join(folder, file), 'utf8').catch(() => null);
    if (text) return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  }
  throw new Error(`${name} has no licence file, so it cannot be passed on`);
}

await mkdir(vendor, { recursive: true });
const folders = new Set();
for (const [name, contents] of Object.entries(bundles)) {
  const result = await build({
    stdin: { contents, resolveDir: here, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2020',
    legalComments: 'none',
    metafile: true,
    outfile: join(vendor, name + '.js'),
  });
  for (const file of Object.keys(result.metafile.inputs)) {
    const found = packageOf(file.split(sep).join('/'));
    if (found) folders.add(found.folder);
  }
}
const licences = await Promise.all([...folders].sort().map(licenceOf));
await writeFile(join(vendor, 'LICENSES.txt'), licences.join('\n' + '-'.repeat(80) + '\n\n'));
