<?php
/*
 * The process that a worker in PHP runs in:   php host.php CODE   or   php host.php --describe CODE
 *
 * It includes the worker's file, makes an object of its class and starts it. The parameters are one JSON object on
 * standard input. The exit status is 0 when run() returned (or the worker called exit), and not 0 when it threw or PHP
 * gave up; the reason is told with ::error:: then.
 *
 * The file is included here and not in a function, since what it sets outside of its class must be global to it.
 */

/* Errors go to standard error, once, as plain text, and are log entries then; a php.ini may say otherwise. What is
 * merely deprecated is not worth a log entry in each run of a worker that has been good for years. */
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('log_errors', '0');
ini_set('html_errors', '0');
set_time_limit(0);

require __DIR__ . '/libs/Worker.php';

/* The class of a worker's file: named as the file, or where that can be no class name, the last worker in it. */
function jobjoker_class($code)
{
    $name = basename($code, '.php');
    foreach (array_merge(array($name), array_reverse(get_declared_classes())) as $class) {
        if (class_exists($class, false) && is_subclass_of($class, 'Worker')) {
            $reflection = new ReflectionClass($class);
            if (!$reflection->isAbstract()) {
                return $class;
            }
        }
    }
    throw new Exception("$name.php has no class $name that extends Worker");
}

function jobjoker_parameters()
{
    $parameters = json_decode(stream_get_contents(STDIN));
    if (!is_object($parameters)) {
        $parameters = new stdClass();
    }
    $parameters->_id = (string) getenv('JOBJOKER_ID');
    $parameters->_api = (string) getenv('JOBJOKER_API');
    return $parameters;
}

/* Without pcntl SIGTERM ends the process at once, which is the stop that was asked for. */
function jobjoker_stop_on_sigterm($worker)
{
    if (function_exists('pcntl_async_signals')) {
        pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function () use ($worker) {
            $worker->stop();
        });
    }
}

/* The entries of the first version's log. The message is told as the reason why the job failed. */
function jobjoker_tell_exception($e)
{
    jobjoker_tell('log', 'EXCEPTION');
    jobjoker_tell('log', $e->getFile() . ' at ' . $e->getLine());
    jobjoker_tell('error', $e->getMessage() === '' ? get_class($e) : $e->getMessage());
    jobjoker_tell('log', $e->getTraceAsString());
}

/* What ends PHP without an exception: memory that ran out, a class declared twice, trigger_error(…, E_USER_ERROR). */
function jobjoker_tell_fatal_error()
{
    $error = error_get_last();
    if ($error && ($error['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR))) {
        ini_set('memory_limit', '-1');
        jobjoker_tell('error', "$error[message] ($error[file] at $error[line])");
    }
}

/* A text for a description, of whatever getInformation() returned, or printed. */
function jobjoker_information($returned, $printed)
{
    if ($returned === null) {
        return $printed;
    }
    return is_array($returned) || is_object($returned)
        ? json_encode($returned, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE)
        : (string) $returned;
}

$jobjoker_describe = $argc === 3 && $argv[1] === '--describe';
if ($argc !== 2 && !$jobjoker_describe) {
    fwrite(STDERR, "usage: php host.php [--describe] NAME.php\n");
    exit(2);
}
$jobjoker_code = $argv[$argc - 1];
set_include_path(__DIR__ . PATH_SEPARATOR . dirname($jobjoker_code) . PATH_SEPARATOR . get_include_path());

if ($jobjoker_describe) {
    try {
        ob_start(); /* what the file prints is no part of the description */
        include $jobjoker_code;
        ob_end_clean();
        $jobjoker_class = new ReflectionClass(jobjoker_class($jobjoker_code));
        ob_start();
        /* Without its constructor, which might already begin to work. */
        $jobjoker_information = $jobjoker_class->newInstanceWithoutConstructor()->getInformation();
        $jobjoker_information = jobjoker_information($jobjoker_information, ob_get_clean());
        fwrite(STDOUT, $jobjoker_information);
    } catch (Throwable $jobjoker_e) {
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        fwrite(STDERR, $jobjoker_e->getMessage() . ' on line ' . $jobjoker_e->getLine() . "\n");
        exit(1);
    }
    exit(0);
}

register_shutdown_function('jobjoker_tell_fatal_error');
ob_start(function ($text) {
    if ($text !== '') {
        jobjoker_line_is_open(substr($text, -1) !== "\n");
    }
    return $text;
}, 1);

try {
    ob_start();
    include $jobjoker_code;
    $jobjoker_printed = ob_get_clean();
    if (trim($jobjoker_printed, " \t\r\n\xEF\xBB\xBF") !== '') { /* lines after its closing tag are no log */
        echo $jobjoker_printed;
    }
    $jobjoker_class = jobjoker_class($jobjoker_code);
    $jobjoker_worker = new $jobjoker_class();
    $jobjoker_worker->setParameters(jobjoker_parameters());
    jobjoker_stop_on_sigterm($jobjoker_worker);
    $jobjoker_worker->start();
} catch (Throwable $jobjoker_e) {
    jobjoker_tell_exception($jobjoker_e);
    exit(1);
}
