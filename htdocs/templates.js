// What a new worker of each kind begins with.
const schemaJson = `{
  "type": "object",
  "properties": {
    "name": { "type": "string", "title": "Name", "default": "you" },
    "times": { "type": "integer", "minimum": 1, "default": 3, "title": "How often" }
  }
}`;
const asComment = (mark) =>
  `Description: Greets somebody, as often as you like.\nParameters: ${schemaJson}`
    .split('\n')
    .map((line) => `${mark} ${line}`)
    .join('\n');

export const templates = [
  {
    kind: 'c',
    label: 'C',
    code: () => `#include <jobjoker/worker.h>

const char *information(void)
{
    return JOBJOKER_JSON({
        "description": "Greets somebody, as often as you like.",
        "parameters": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "title": "Name", "default": "you" },
                "times": { "type": "integer", "minimum": 1, "default": 3, "title": "How often" }
            }
        }
    });
}

int run(struct jobjoker_worker *w)
{
    long long times = jobjoker_int(w, "times", 3);

    for (long long i = 1; i <= times && jobjoker_wanted(w); i++) {
        jobjoker_log(w, "greeting number %lld", i);
        jobjoker_progress(w, 100.0 * (double)i / (double)times, "greeting");
        jobjoker_sleep(w, 1);
    }
    jobjoker_response(w, "Hello %s", jobjoker_string(w, "name", "you"));
    return 0;
}
`,
  },
  {
    kind: 'php',
    label: 'PHP',
    code: (name) => `<?php
include_once 'libs/Worker.php';

class ${name || 'NAME'} extends Worker
{
    public function getInformation()
    {
        return [
            'description' => 'Greets somebody, as often as you like.',
            'parameters' => [
                'type' => 'object',
                'properties' => [
                    'name' => ['type' => 'string', 'title' => 'Name', 'default' => 'you'],
                    'times' => ['type' => 'integer', 'minimum' => 1, 'default' => 3, 'title' => 'How often'],
                ],
            ],
        ];
    }

    public function run()
    {
        $times = $this->getParameter('times') ?? 3;
        for ($i = 1; $i <= $times && $this->isActive(); $i++) {
            $this->log("greeting number $i");
            $this->progress(100 * $i / $times);
            sleep(1);
        }
        $this->response('Hello ' . $this->getParameter('name'));
    }
}
`,
  },
  {
    kind: 'sh',
    label: 'Shell',
    code: () => `#!/bin/sh
${asComment('#')}
set -eu
. "$JOBJOKER_SH"

times=$(jobjoker_parameter times 3)
i=1
while [ "$i" -le "$times" ] && jobjoker_wanted; do
    jobjoker_log "greeting number $i"
    jobjoker_progress $((100 * i / times))
    jobjoker_sleep 1
    i=$((i + 1))
done
jobjoker_response "Hello $(jobjoker_parameter name you)"
`,
  },
  {
    kind: 'python',
    label: 'Python',
    code: () => `#!/usr/bin/env python3
${asComment('#')}
import jobjoker

times = jobjoker.parameter("times", 3)
for i in range(1, times + 1):
    if not jobjoker.wanted():
        break
    jobjoker.log(f"greeting number {i}")
    jobjoker.progress(100 * i / times)
    jobjoker.sleep(1)
jobjoker.response(f"Hello {jobjoker.parameter('name', 'you')}")
`,
  },
  {
    kind: 'javascript',
    label: 'JavaScript',
    code: () => `#!/usr/bin/env node
${asComment('//')}
(async () => {
  const { log, progress, response, parameters, wanted, sleep } =
    await import(\`file://\${process.env.JOBJOKER_LIB}/js/jobjoker.mjs\`);

  const { name = 'you', times = 3 } = parameters();
  for (let i = 1; i <= times && wanted(); i++) {
    log(\`greeting number \${i}\`);
    progress((100 * i) / times);
    await sleep(1);
  }
  response(\`Hello \${name}\`);
})();
`,
  },
];
