// The code editor: CodeMirror with the page's own colours.
import { html, useEffect, useRef } from './vendor/preact.js';

let loading = null;
const load = () => {
  loading = loading || import('./vendor/editor.js');
  return loading;
};

// As the server tells the kind of a worker, and then by its `#!` line.
export function languageOf(code) {
  if (code.startsWith('<?php')) return 'php';
  const shebang = code.startsWith('#!') ? code.slice(0, 80).split('\n')[0] : '';
  if (/python/.test(shebang)) return 'python';
  if (/node|deno|bun/.test(shebang)) return 'javascript';
  return shebang ? 'shell' : 'c';
}

const languages = {
  c: (cm) => [cm.cpp(), cm.indentUnit.of('    ')],
  php: (cm) => [cm.php(), cm.indentUnit.of('    ')],
  python: (cm) => [cm.python(), cm.indentUnit.of('    ')],
  javascript: (cm) => [cm.javascript(), cm.indentUnit.of('  ')],
  json: (cm) => [cm.json(), cm.linter(cm.jsonParseLinter()), cm.indentUnit.of('  ')],
  shell: (cm) => [cm.StreamLanguage.define(cm.shell), cm.indentUnit.of('    ')],
};

function colours(cm) {
  const { tags: t } = cm;
  return cm.syntaxHighlighting(
    cm.HighlightStyle.define([
      { tag: [t.keyword, t.modifier, t.controlKeyword, t.operatorKeyword], color: 'var(--code-keyword)' },
      { tag: [t.string, t.special(t.string), t.character, t.regexp], color: 'var(--code-string)' },
      { tag: [t.comment, t.lineComment, t.blockComment], color: 'var(--code-comment)', fontStyle: 'italic' },
      { tag: [t.number, t.bool, t.null], color: 'var(--code-number)' },
      {
        tag: [t.function(t.variableName), t.function(t.propertyName), t.definition(t.variableName), t.propertyName],
        color: 'var(--code-function)',
      },
      { tag: [t.typeName, t.className, t.standard(t.name)], color: 'var(--code-type)' },
      { tag: [t.meta, t.processingInstruction], color: 'var(--code-meta)' },
    ]),
  );
}

const theme = (cm) =>
  cm.EditorView.theme({
    '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', height: '100%', fontSize: '13px' },
    '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
    '.cm-content': { caretColor: 'var(--accent)', padding: '8px 0' },
    '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
    '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--quiet)', border: 'none', paddingLeft: '4px' },
    '.cm-activeLine': { backgroundColor: 'var(--line-now)' },
    '.cm-activeLineGutter': { backgroundColor: 'var(--line-now)', color: 'var(--text)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: 'var(--selection)',
    },
    '.cm-selectionMatch': { backgroundColor: 'var(--grey-bg)' },
    '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
      backgroundColor: 'var(--grey-bg)',
      outline: '1px solid var(--quiet)',
    },
    '.cm-searchMatch': { backgroundColor: 'var(--mark)', color: 'var(--on-mark)' },
    '.cm-searchMatch-selected': { backgroundColor: 'var(--mark-now)', color: 'var(--on-mark)' },
    '&.cm-focused': { outline: 'none' }, // the frame around it shows the focus
    '.cm-foldPlaceholder': {
      backgroundColor: 'var(--grey-bg)',
      color: 'var(--quiet)',
      border: 'none',
      padding: '0 6px',
    },
    '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)', fontFamily: 'var(--sans)' },
    '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
    '.cm-panel.cm-search': {
      padding: '8px 36px 8px 10px',
      display: 'flex',
      flexWrap: 'wrap',
      gap: '6px',
      alignItems: 'center',
    },
    '.cm-panel.cm-search br': { display: 'none' },
    '.cm-panel.cm-search label': { fontSize: '13px', display: 'inline-flex', alignItems: 'center', gap: '4px' },
    '.cm-textfield': {
      backgroundColor: 'var(--surface)',
      border: '1px solid var(--line-strong)',
      borderRadius: '6px',
      padding: '4px 8px',
      fontSize: '13px',
      margin: '0',
    },
    '.cm-button': {
      backgroundImage: 'none',
      backgroundColor: 'var(--surface)',
      border: '1px solid var(--line)',
      borderRadius: '6px',
      padding: '4px 10px',
      fontSize: '13px',
      margin: '0',
      cursor: 'pointer',
    },
    '.cm-button:hover': { backgroundColor: 'var(--hover)' },
    '.cm-panel.cm-search [name=close]': {
      fontSize: '18px',
      top: '6px',
      right: '8px',
      padding: '2px 6px',
      color: 'var(--quiet)',
      cursor: 'pointer',
    },
    '.cm-tooltip': {
      backgroundColor: 'var(--raised)',
      color: 'var(--text)',
      border: '1px solid var(--line)',
      borderRadius: '6px',
      boxShadow: 'var(--shadow)',
      overflow: 'hidden',
    },
    '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--sans)' },
    '.cm-diagnostic-error': { borderLeftColor: 'var(--red)' },
    '.cm-diagnostic-warning': { borderLeftColor: 'var(--amber)' },
  });

// Complaints of the compiler at their places: to the end of the word that they point at, else of the line.
function placed(view, complaints) {
  const { doc } = view.state;
  return complaints
    .filter((complaint) => complaint.line)
    .map(({ line, column, severity, message }) => {
      const at = doc.line(Math.min(Math.max(1, line), doc.lines));
      const from = Math.min(at.from + Math.max(0, (column || 1) - 1), at.to);
      const word = /^\w+/.exec(doc.sliceString(from, at.to));
      return {
        from,
        to: word ? from + word[0].length : at.to,
        severity: severity === 'error' || severity === 'warning' ? severity : 'info',
        message,
      };
    });
}

// Where typing replaces a selection, Chromium edits the document by itself and writes style attributes, of which the
// content policy complains (CodeMirror draws the place anew anyway). So this one change is made by CodeMirror.
function typeOver(event, view) {
  const { state } = view;
  const selection = document.getSelection();
  if (event.inputType !== 'insertText' || !event.data || !selection.getComposedRanges) return false;
  const [range] = selection.getComposedRanges({ shadowRoots: [view.root] });
  if (!range || range.collapsed || !view.contentDOM.contains(range.startContainer)) return false;
  if (view.composing || state.readOnly || state.selection.ranges.length > 1) return false;
  event.preventDefault();
  const from = view.posAtDOM(range.startContainer, range.startOffset);
  const to = view.posAtDOM(range.endContainer, range.endOffset);
  const insert = () =>
    state.update({
      changes: { from, to, insert: event.data },
      selection: { anchor: from + event.data.length },
      userEvent: 'input.type',
      scrollIntoView: true,
    });
  const handlers = state.facet(view.constructor.inputHandler);
  if (!handlers.some((handle) => handle(view, from, to, event.data, insert))) view.dispatch(insert());
  return true;
}

// `code` is what it begins with; change the key to load another. onChange gets the text; complaints are shown.
// control.current gets { goTo(line, column) }.
export function Editor({ code, language, readOnly, complaints = [], onChange, onSave, label, kind = '', control }) {
  const host = useRef();
  const live = useRef({});
  Object.assign(live.current, { onChange, onSave, complaints, language });
  useEffect(() => {
    const element = host.current;
    let gone = !element; // it may have been taken away before this ran
    load().then((cm) => {
      if (gone) return;
      const languagePart = new cm.Compartment();
      // The editor knows one end of a line only; a text that has the other one everywhere gets it back.
      const lineEnd = /\r\n/.test(code) && !/\r(?!\n)|(?<!\r)\n/.test(code) ? '\r\n' : '\n';
      // In a shadow root CodeMirror adopts its style sheets; in a document it would write <style> elements, which the
      // content policy forbids.
      const root = element.attachShadow({ mode: 'open' });
      const room = root.appendChild(document.createElement('div'));
      room.style.cssText = 'position: absolute; inset: 0';
      const save = () => {
        if (live.current.onSave) live.current.onSave();
        return true;
      };
      const view = new cm.EditorView({
        parent: room,
        root,
        state: cm.EditorState.create({
          doc: code,
          extensions: [
            cm.lineNumbers(),
            cm.foldGutter(),
            cm.history(),
            cm.drawSelection(),
            cm.indentOnInput(),
            cm.bracketMatching(),
            cm.closeBrackets(),
            cm.highlightActiveLine(),
            cm.highlightActiveLineGutter(),
            cm.highlightSpecialChars(),
            cm.highlightSelectionMatches(),
            cm.search(),
            cm.lintGutter(),
            languagePart.of(languages[live.current.language](cm)),
            colours(cm),
            theme(cm),
            cm.EditorState.readOnly.of(Boolean(readOnly)),
            cm.EditorView.domEventHandlers({ beforeinput: typeOver }),
            cm.EditorView.contentAttributes.of({ 'aria-label': label || 'Code' }),
            // Tab indents; Escape and then Tab leaves the editor, so that the keyboard is not caught in it.
            cm.keymap.of([
              { key: 'Mod-s', preventDefault: true, run: save },
              ...cm.closeBracketsKeymap,
              ...cm.defaultKeymap,
              ...cm.historyKeymap,
              ...cm.searchKeymap,
              ...cm.lintKeymap,
              cm.indentWithTab,
            ]),
            cm.EditorView.updateListener.of((update) => {
              if (update.docChanged && live.current.onChange)
                live.current.onChange(update.state.doc.toString().replaceAll('\n', lineEnd));
            }),
          ],
        }),
      });
      view.scrollDOM.tabIndex = 0; // so that the keyboard can scroll it
      Object.assign(live.current, { view, cm, languagePart });
      if (live.current.complaints.length)
        view.dispatch(cm.setDiagnostics(view.state, placed(view, live.current.complaints)));
      if (control) {
        control.current = {
          goTo: (line, column) => {
            const [place] = placed(view, [{ line, column }]);
            if (place)
              view.dispatch({
                selection: { anchor: place.from },
                effects: cm.EditorView.scrollIntoView(place.from, { y: 'center' }),
              });
            view.focus();
          },
        };
      }
    });
    return () => {
      gone = true;
      if (live.current.view) live.current.view.destroy();
      live.current.view = null;
    };
  }, []);
  useEffect(() => {
    const { view, cm } = live.current;
    if (view) view.dispatch(cm.setDiagnostics(view.state, placed(view, complaints)));
  }, [complaints]);
  useEffect(() => {
    const { view, cm, languagePart } = live.current;
    if (view) view.dispatch({ effects: languagePart.reconfigure(languages[language](cm)) });
  }, [language]);
  return html`<div class=${`editor ${kind}`} ref=${host}></div>`;
}
