# The container of the GitHub Action; `docker run meshbot` has no other use.
# There is no USER, since GitHub requires that its container actions run as root, and no WORKDIR,
# since GitHub sets one: the workspace, which holds files of a pull request's author.
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements requirements
# Two environments: what runs is copied into the image, what builds (pip, hatchling) stays behind.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --only-binary :all: --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/meshbot \
    && /opt/build/bin/pip --python /opt/meshbot/bin/python install \
        --no-compile --only-binary :all: --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY schema schema
COPY bot bot
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/pip --python /opt/meshbot/bin/python install --no-compile --no-deps --no-index dist/*.whl
# botocore describes all of AWS. Kept are the services that meshbot calls, and those that boto3's own
# credential chain may call; a test holds this list to the code.
ARG AWS_SERVICES="dynamodb ec2 iam s3 service-quotas signin sso sso-oidc sts"
RUN for data in /opt/meshbot/lib/python3*/site-packages/botocore/data; do \
        for service in ${AWS_SERVICES}; do test -d "${data}/${service}" || exit 1; set -- "$@" ! -name "${service}"; done; \
        find "${data}" -mindepth 1 -maxdepth 1 -type d "$@" -exec rm -rf {} +; \
    done \
    && /opt/meshbot/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/meshbot/lib

FROM base
LABEL org.opencontainers.image.title="meshbot" \
      org.opencontainers.image.description="Plan, review and apply AWS network meshes from pull requests" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/meshbot /opt/meshbot
# -I: nothing is imported from the workspace, where a pull request could put a boto3.py, and no PYTHON*
# variable counts. -B: no bytecode is written; it was compiled above. -u: the log is not buffered.
ENTRYPOINT ["/opt/meshbot/bin/python", "-I", "-B", "-u", "-m", "bot", "action"]
