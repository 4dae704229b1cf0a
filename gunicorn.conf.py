"""How gunicorn serves the site. It finds this file by itself; options on its command line win."""

import os

bind = "127.0.0.1:8000"
# Threads, because a request mostly waits for the database or for a slow upload. torch is never loaded here.
worker_class = "gthread"
workers = 2
threads = 4
timeout = 60
graceful_timeout = 10
keepalive = 5
# A process is replaced now and then, so that memory never grows without end; not all of them at once.
max_requests = 20000
max_requests_jitter = 2000
# Sizes of what a request may send before Django sees it; the size of an upload is the site's own limit.
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# Heartbeats in memory: on some disks a slow write would look like a dead process.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
# No access log: addresses hold ids of patients. A reverse proxy may write one under the clinic's own rules.
accesslog = None
