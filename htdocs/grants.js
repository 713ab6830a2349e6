// Which workers somebody may use, or a secret is for: null is all of them.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get } from './api.js';
import { isWorkerName } from './route.js';
import { Button, Search } from './ui.js';

const SHOWN = 2;

export function Grant({ workers, all = 'all workers' }) {
  if (workers === null) return all;
  if (workers.length === 0) return html`<b>no worker</b>`;
  const more = workers.length - SHOWN;
  return html`<span title=${workers.join(', ')}>${workers.slice(0, SHOWN).join(', ')}${
    more > 0 && html` <span class="quiet">and ${more} more</span>`
  }</span>`;
}

// A worker that is not there (yet) may be named all the same.
function Names({ chosen, onChange }) {
  const [known, setKnown] = useState([]);
  const [text, setText] = useState('');
  const named = useRef(new Set()); // what was chosen stays in the list when it is no more
  chosen.forEach((name) => named.current.add(name));
  useEffect(() => {
    get('workers?limit=1000')
      .then(({ data }) => setKnown(data.map((worker) => worker.name)))
      .catch(() => {});
  }, []);
  const all = [...new Set([...known, ...named.current])].sort();
  const fitting = all.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
  const fresh = isWorkerName(text) && !all.includes(text);
  const toggle = (name) =>
    onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
  const add = () => {
    if (fresh) onChange([...chosen, text]);
    setText('');
  };
  const enter = (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault(); // it is not the form that is sent
    if (fresh) add();
  };
  return html`
    <div class="names">
      <${Search} label="Search workers, or name another one" placeholder="Search, or name another one" value=${text}
        onText=${setText} onKeyDown=${enter} data-testid="grant-search" />
      <div class="choices">
        ${fitting.map(
          (name) => html`
          <label key=${name} class="choice"><input type="checkbox" checked=${chosen.includes(name)}
            onChange=${() => toggle(name)} /><span>${name}${
              !known.includes(name) && html` <span class="quiet">not there now</span>`
            }</span></label>`,
        )}
        ${
          fresh &&
          html`<${Button} small icon="plus" kind="plain" onClick=${add}
            data-testid="grant-add">Add ${text}, which is not there yet<//>`
        }
        ${all.length === 0 && !fresh && html`<p class="quiet">There are no workers yet.</p>`}
      </div>
    </div>`;
}

// words: what `all` and `some` mean here.
export function GrantField({ legend = 'Workers', value, onChange, words = ['All workers', 'Only some'], help }) {
  const [kept, setKept] = useState(value || []); // while `all` is looked at
  const set = (next) => {
    setKept(next);
    onChange(next);
  };
  return html`
    <fieldset class="field wide"><legend>${legend}</legend>
      <div class="row wide-gap">
        <label class="inline"><input type="radio" name="grant" checked=${value === null}
          onChange=${() => onChange(null)} />${words[0]}</label>
        <label class="inline"><input type="radio" name="grant" checked=${value !== null}
          onChange=${() => onChange(kept)} />${words[1]}</label>
      </div>
      ${value !== null && html`<${Names} chosen=${value} onChange=${set} />`}
      ${help && html`<p class="help">${help}</p>`}
    </fieldset>`;
}
