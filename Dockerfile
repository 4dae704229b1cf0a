# One image for all processes: web server, worker, sweep. compose.yaml says which runs what.
FROM python:3.11-slim-bookworm

# A GPU worker needs PyTorch's CUDA build, which the package index serves by default; for the CPU, give pip the
# index of PyTorch's CPU builds: --build-arg PIP_EXTRA_INDEX_URL=... (see pytorch.org, "Get started").
ARG PIP_EXTRA_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
COPY requirements.txt .
RUN pip install "$(grep '^torch==' requirements.txt)" -r requirements.txt

COPY . .
# Styles and scripts are collected once, compressed, and named by their content. The key is not kept.
ENV STATIC_ROOT=/app/staticfiles DATA_DIR=/data
RUN SECRET_KEY=only-to-collect DATA_DIR=/tmp/data python manage.py collectstatic --noinput \
    && rm -rf /tmp/data \
    && useradd --system --uid 10001 --no-create-home exfb \
    && install -d -o exfb -g exfb -m 700 /data
# The program itself belongs to root: whoever breaks into a process cannot change it.
USER exfb
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "exfb_site.wsgi", "--bind", "0.0.0.0:8000"]
