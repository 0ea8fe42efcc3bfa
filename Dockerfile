# Two targets.  docker build --target train -t tumorcast:train .   docker build --target lab -t tumorcast:lab .

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/tumorcast
COPY requirements/uv.txt requirements/uv.txt
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt
ENV PATH=/opt/tumorcast/.venv/bin:$PATH

# The pathology lab: onnxruntime and OpenSlide, no torch.
FROM base AS lab
COPY requirements/lab.txt requirements/lab.txt
RUN uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/lab.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN uv pip install --quiet --python .venv/bin/python --no-deps .
RUN useradd --create-home lab
USER lab
WORKDIR /home/lab
ENTRYPOINT ["tumorcast"]
CMD ["predict", "--help"]

# Training and evaluation.
FROM base AS train
RUN apt-get update && apt-get install --yes --no-install-recommends git make gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/dev.txt requirements/dev.txt
RUN uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
COPY . .
RUN uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
ENTRYPOINT ["python", "train.py"]
CMD ["configs/base.yaml"]
