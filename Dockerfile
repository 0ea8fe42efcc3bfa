# Two targets.  docker build --target lab -t tumorcast:lab .   docker build --target train -t tumorcast:train .
# How the lab's image is run: docs/deployment.md

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1
WORKDIR /opt/tumorcast
COPY requirements/uv.txt requirements/uv.txt
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt
ENV PATH=/opt/tumorcast/.venv/bin:$PATH

# The viewer of slides from its registry package, by checksum; nothing else of this stage is kept.
FROM node:22-bookworm-slim AS viewer
WORKDIR /viewer
RUN npm pack openseadragon@6.1.1 --silent \
    && echo "b4ab2942f33b90e0448e4d20fc5ed14cee049f1f3ae49d70afd4b05e9a2f92d0  openseadragon-6.1.1.tgz" | sha256sum --check -

# Packages and bytecode are made here, so that the image below needs neither uv nor a writable root.
FROM base AS lab-packages
COPY requirements/lab-oidc.txt requirements/lab-oidc.txt
RUN python -m venv --without-pip lab \
    && uv pip sync --quiet --python lab/bin/python --require-hashes --compile-bytecode requirements/lab-oidc.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN uv pip install --quiet --python lab/bin/python --no-deps --compile-bytecode .
COPY --from=viewer /viewer/openseadragon-6.1.1.tgz /tmp/
RUN TUMORCAST_CACHE=/opt/tumorcast/cache lab/bin/tumorcast slides viewer --from /tmp/openseadragon-6.1.1.tgz

# The pathology lab: onnxruntime and OpenSlide, no torch.  Runs with --read-only; what changes is in the volume and /tmp.
FROM python:3.11-slim-bookworm AS lab
RUN groupadd --gid 10001 lab && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /lab lab \
    && install --directory --owner 10001 --group 10001 --mode 0700 /lab
COPY --from=lab-packages /opt/tumorcast/lab /opt/tumorcast/lab
COPY --from=lab-packages /opt/tumorcast/cache /opt/tumorcast/cache
COPY deploy/healthcheck.py /opt/tumorcast/healthcheck.py
ENV PATH=/opt/tumorcast/lab/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TUMORCAST_CACHE=/opt/tumorcast/cache
USER 10001:10001
WORKDIR /lab
VOLUME /lab
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/opt/tumorcast/healthcheck.py"]
ENTRYPOINT ["tumorcast", "serve"]
CMD ["--lab", "/lab/data"]

# Training and evaluation.
FROM base AS train
RUN apt-get update && apt-get install --yes --no-install-recommends git make gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/dev.txt requirements/dev.txt
RUN uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
COPY . .
RUN uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
ENTRYPOINT ["python", "train.py"]
CMD ["configs/base.yaml"]
