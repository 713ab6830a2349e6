<?php
/*
 * The base of workers in PHP. A worker is a file NAME.php with a class NAME:
 *
 *     <?php
 *     include_once 'libs/Worker.php';
 *
 *     class Greeter extends Worker
 *     {
 *         public function getInformation()
 *         {
 *             return 'Greets somebody.';
 *         }
 *
 *         public function run()
 *         {
 *             $this->response('Hello ' . $this->getParameter('name'));
 *         }
 *     }
 *
 * Workers that were written for the first version of JobJoker run unchanged. That is why there are no types here, why
 * all that is not part of that version's interface is private or outside of the class (a worker may have any method
 * and property of its own), and why this file may be included more than once.
 */

foreach (array('DONE', 'ERROR', 'ACTIVE', 'STOP', 'IDLE') as $jobjoker_status) {
    if (!defined($jobjoker_status)) {
        define($jobjoker_status, strtolower($jobjoker_status));
    }
}
unset($jobjoker_status);

if (!class_exists('Worker', false)) {
    /* Says one thing to the runner: log, response or error. A line that the worker began with echo is ended first,
     * because a command is one only at the beginning of a line. */
    function jobjoker_tell($command, $text)
    {
        jobjoker_write("::$command::" . jobjoker_escape($text) . "\n");
    }

    function jobjoker_progress($percent, $message = '')
    {
        $percent = max(0, min(100, (int) $percent));
        $message = (string) $message === '' ? '' : ' ' . jobjoker_escape($message);
        jobjoker_write("::progress $percent$message::\n");
    }

    function jobjoker_escape($text)
    {
        return strtr((string) $text, array('%' => '%25', "\n" => '%0A', "\r" => '%0D'));
    }

    /* Past output buffers, in one piece. */
    function jobjoker_write($line)
    {
        $begun = jobjoker_line_is_open();
        jobjoker_line_is_open(false);
        fwrite(defined('STDOUT') ? STDOUT : fopen('php://output', 'w'), ($begun ? "\n" : '') . $line);
    }

    /* Whether what was echoed last did not end in a newline. The host says so with an argument. */
    function jobjoker_line_is_open($open = null)
    {
        static $is_open = false;
        if ($open !== null) {
            $is_open = $open;
        }
        return $is_open;
    }

    /**
     * @method Worker progress(int $percent, string $message = '') How far it is, 0 to 100. Not a real method, so that
     *         a worker may have its own of that name.
     */
    #[AllowDynamicProperties]
    abstract class Worker
    {
        const DONE = 'done';
        const ERROR = 'error';
        const ACTIVE = 'active';
        const STOP = 'stop';
        const IDLE = 'idle';

        private $parameters;
        private $active = true;

        public function __construct()
        {
        }

        /** Does the work. The job is done when this returns, and ends in error when it throws. */
        abstract public function run();

        /** What the worker is for: a text, or array('description' => …, 'parameters' => a JSON Schema as array). */
        public function getInformation()
        {
            return '';
        }

        public function setParameters($parameters)
        {
            $this->parameters = $parameters;
            return $this;
        }

        /** One parameter, null when there is none; `_id` is the job's id and `_api` the URL of the API. */
        public function getParameter($parameter)
        {
            return isset($this->parameters->$parameter) ? $this->parameters->$parameter : null;
        }

        /** Appends a string to the log. Anything but a string is ignored. */
        public function log($message)
        {
            if (is_string($message)) {
                jobjoker_tell('log', $message);
            }
            return $this;
        }

        /** Appends a string to the response. Anything but a string is ignored. */
        public function response($message)
        {
            if (is_string($message)) {
                jobjoker_tell('response', $message);
            }
            return $this;
        }

        /** False once the job was asked to stop: run() should return soon then. */
        public function isActive()
        {
            return $this->active;
        }

        /* Does not set $active: a stop that came before the start counts. */
        public function start()
        {
            $this->run();
            $this->active = false;
        }

        /** Called when the job is asked to stop. */
        public function stop()
        {
            $this->active = false;
        }

        public function __call($name, $arguments)
        {
            if (strcasecmp($name, 'progress') !== 0) {
                throw new BadMethodCallException('Call to undefined method ' . get_class($this) . "::$name()");
            }
            call_user_func_array('jobjoker_progress', $arguments);
            return $this;
        }
    }
}
