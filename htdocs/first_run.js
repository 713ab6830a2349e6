// What is to be done before anything else works: somebody must be able to rule. Only the server's shell can make the
// first admin, so that nobody who finds the page early becomes one.
import { html } from './vendor/preact.js';
import { Button, CopyButton, useTitle } from './ui.js';

const inFolder = (words) => `sudo -u www-data JOBJOKER_CONFIG="$PWD/jobjoker.ini" cgi-bin/jobjoker ${words}`;
const commands = [
  ['The account admin, with a password that is made up and put into the data folder:', inFolder('init')],
  ['Or one with a name and a password of your own:', inFolder('user add NAME --role admin')],
];

export function FirstRun({ lookAgain }) {
  useTitle('No administrator yet');
  return html`
    <div class="card first-run">
      <h1>No administrator yet</h1>
      <p>JobJoker is installed, and waits for somebody who may do everything in it. Create that administrator in a
        shell on the server, in the folder of JobJoker, as the user that the web server runs programs as
        (<code>www-data</code> on Debian).</p>
      ${commands.map(
        ([when, command]) => html`
        <div class="command"><p>${when}</p>
          <div class="copied"><code>${command}</code>
            <${CopyButton} text=${command} what="the command" small data-testid="copy-command" /></div></div>`,
      )}
      <${Button} kind="primary" icon="reload" onClick=${lookAgain} data-testid="look-again">Look again<//>
    </div>`;
}
