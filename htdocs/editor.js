// The code editor: CodeMirror with the page's own colours.
import { html, useEffect, useRef } from './vendor/preact.js';

let loading = null;
const load = () => { loading = loading || import('./vendor/editor.js'); return loading; };

export function languageOf(code) {
  if (code.startsWith('<?php')) return 'php';
  const shebang = code.startsWith('#!') ? code.slice(0, 80).split('\n')[0] : '';
  if (/python/.test(shebang)) return 'python';
  if (/node|deno|bun/.test(shebang)) return 'javascript';
  return shebang ? 'shell' : 'c';
}

function languageExtension(cm, language) {
  const extensions = { c: () => cm.cpp(), php: () => cm.php(), python: () => cm.python(), javascript: () => cm.javascript(), shell: () => cm.StreamLanguage.define(cm.shell) };
  return extensions[language]();
}

function colours(cm) {
  const { tags: t } = cm;
  return cm.syntaxHighlighting(cm.HighlightStyle.define([
    { tag: [t.keyword, t.modifier, t.controlKeyword], color: 'var(--code-keyword)' },
    { tag: [t.string, t.special(t.string), t.character], color: 'var(--code-string)' },
    { tag: [t.comment, t.lineComment, t.blockComment], color: 'var(--code-comment)', fontStyle: 'italic' },
    { tag: [t.number, t.bool, t.null], color: 'var(--code-number)' },
    { tag: [t.function(t.variableName), t.function(t.propertyName), t.definition(t.variableName)], color: 'var(--code-function)' },
    { tag: [t.typeName, t.className, t.standard(t.name)], color: 'var(--code-type)' },
    { tag: [t.meta, t.processingInstruction], color: 'var(--code-meta)' },
  ]));
}

const theme = (cm) => cm.EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', height: '100%', fontSize: '13px' },
  '.cm-content': { caretColor: 'var(--accent)', fontFamily: 'var(--mono)' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--quiet)', border: 'none', fontFamily: 'var(--mono)' },
  '.cm-activeLine': { backgroundColor: 'var(--hover)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--selection) !important' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line)' },
});

// Complaints of the compiler at their places.
function placed(view, complaints) {
  return complaints.filter((c) => c.line).map(({ line, column, severity, message }) => {
    const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
    const from = Math.min(at.from + Math.max(0, (column || 1) - 1), at.to);
    return { from, to: Math.max(from, at.to), severity: severity === 'error' || severity === 'warning' ? severity : 'info', message };
  });
}

// `code` is what it begins with; change the key to load another. onChange gets the text; complaints are shown.
export function Editor({ code, language, readOnly, complaints = [], onChange, onSave, label }) {
  const host = useRef();
  const live = useRef({});
  live.current.onChange = onChange;
  live.current.onSave = onSave;
  useEffect(() => {
    let gone = false;
    load().then((cm) => {
      if (gone) return;
      const languagePart = new cm.Compartment();
      // In a shadow root CodeMirror adopts its style sheets; in a document it would write <style> elements, which the
      // content policy forbids.
      const root = host.current.shadowRoot || host.current.attachShadow({ mode: 'open' });
      const view = new cm.EditorView({
        parent: root,
        root,
        state: cm.EditorState.create({
          doc: code,
          extensions: [
            cm.lineNumbers(), cm.foldGutter(), cm.history(), cm.drawSelection(), cm.indentOnInput(), cm.bracketMatching(),
            cm.highlightActiveLine(), cm.highlightSelectionMatches(), cm.lintGutter(), cm.indentUnit.of('    '),
            languagePart.of(languageExtension(cm, language)), colours(cm), theme(cm),
            cm.EditorState.readOnly.of(Boolean(readOnly)),
            cm.EditorView.contentAttributes.of({ 'aria-label': label || 'Code' }),
            // Tab indents; Escape and then Tab leaves the editor, so that the keyboard is not caught in it.
            cm.keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => { if (live.current.onSave) live.current.onSave(); return true; } },
              ...cm.defaultKeymap, ...cm.historyKeymap, ...cm.searchKeymap, cm.indentWithTab]),
            cm.EditorView.updateListener.of((update) => { if (update.docChanged && live.current.onChange) live.current.onChange(update.state.doc.toString()); }),
          ],
        }),
      });
      view.scrollDOM.tabIndex = 0; // so that the keyboard can scroll it
      Object.assign(live.current, { view, cm, languagePart });
      view.dispatch(cm.setDiagnostics(view.state, placed(view, complaints)));
    });
    return () => { gone = true; if (live.current.view) live.current.view.destroy(); live.current.view = null; };
  }, []);
  useEffect(() => {
    const { view, cm } = live.current;
    if (view) view.dispatch(cm.setDiagnostics(view.state, placed(view, complaints)));
  }, [complaints]);
  useEffect(() => {
    const { view, cm, languagePart } = live.current;
    if (view) view.dispatch({ effects: languagePart.reconfigure(languageExtension(cm, language)) });
  }, [language]);
  return html`<div class="editor" ref=${host}></div>`;
}
