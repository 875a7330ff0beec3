# Python, one pinned Ray, and the clients of the model hubs. The build context is a folder of wheels that the host
# fetched: a build behind a company proxy has neither the proxy's certificate nor a package index.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS wheels
LABEL cdktf-ray-cluster.stage=wheels
ARG RAY_VERSION
COPY *.whl /wheels/
# pip runs from its own wheel, so the base needs no pip and the image keeps none.
RUN set -- /wheels/pip-*.whl && \
    python3 "$1/pip" install --no-index --find-links /wheels --no-compile --root /installed \
      --break-system-packages --root-user-action ignore --disable-pip-version-check \
      "ray==${RAY_VERSION}" huggingface-hub modelscope-hub

FROM ${BASE_IMAGE}
COPY --from=wheels /installed/ /
# Every process of a cluster imports Ray, and public Python images hold no byte code at all.
RUN python3 -m compileall -q -j 0 $(python3 -c 'import sys; print(*(p for p in sys.path if p.startswith("/usr/")))')
