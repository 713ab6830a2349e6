-- The jobs of one queue are listed without looking at all jobs.
ALTER TABLE job ADD INDEX job_of_queue (queue, id);
