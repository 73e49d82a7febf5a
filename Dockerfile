# syntax=docker/dockerfile:1
# docker build -t fancymonkey .
# docker run --rm -p 8000:8000 -v fancymonkey:/data -e ADMIN_PASSWORD=... fancymonkey

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN python -m venv /opt/build && python -m venv --without-pip /opt/fancymonkey
COPY requirements/run.txt requirements/build.txt ./requirements/
RUN /opt/build/bin/pip install -q --require-hashes --no-deps -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/fancymonkey/bin/python install -q --require-hashes --no-deps -r requirements/run.txt
COPY pyproject.toml LICENSE ./
COPY src ./src
RUN /opt/build/bin/pip wheel -q --no-deps --no-build-isolation --no-index -w dist . \
 && /opt/build/bin/pip --python /opt/fancymonkey/bin/python install -q --no-deps --no-index dist/*.whl \
 && /opt/fancymonkey/bin/python -m compileall -q /opt/fancymonkey

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Fancy Monkey Inventory" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin fancymonkey \
 && install -d -o fancymonkey -g fancymonkey /data
COPY --from=build /opt/fancymonkey /opt/fancymonkey
ENV PATH=/opt/fancymonkey/bin:$PATH PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 DATA_DIR=/data LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Ready, not only alive: an orchestrator sends nobody to a service whose store is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["fancymonkey"]
CMD ["serve"]
