<?php
/* Counts slowly: for trying out what happens to a job that runs, ends, or is stopped. */

include_once 'libs/Worker.php';

class TestWorkerPhp extends Worker
{
    public function getInformation()
    {
        return array(
            'description' => 'Counts slowly, to try JobJoker out: tells each number to the log and to the response.',
            'parameters' => array(
                'type' => 'object',
                'additionalProperties' => false,
                'properties' => array(
                    'count' => array(
                        'type' => 'integer', 'minimum' => 0, 'default' => 5,
                        'title' => 'Count', 'description' => 'How many numbers, from 0 on',
                    ),
                    'sleep' => array(
                        'type' => 'number', 'minimum' => 0, 'default' => 1,
                        'title' => 'Pause', 'description' => 'Seconds after each number',
                    ),
                ),
            ),
        );
    }

    public function run()
    {
        $count = $this->getParameter('count') ?? 5;
        $sleep = $this->getParameter('sleep') ?? 1;

        for ($i = 0; $i < $count && $this->isActive(); $i++) {
            $this->log("log $i")->response("response $i");
            $this->progress(100 * ($i + 1) / $count);
            usleep((int) ($sleep * 1000000)); /* ends early when the job is asked to stop */
        }
    }
}
