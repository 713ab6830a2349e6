-- The jobs of one queue are listed without looking at all jobs. A job without a queue is not in the index.
CREATE INDEX job_of_queue ON job (queue, id) WHERE queue <> '';
