# vLLM on CPUs and one pinned Ray. The build context is a folder that the host has made: the wheels, the stand-ins
# for CUDA (make_stubs.py), and what lies beside this file. Nothing is fetched here: a build behind a company proxy
# has neither the proxy's certificate nor a package index.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS wheels
LABEL cdktf-ray-cluster.stage=vllm-wheels
ARG VLLM_VERSION
COPY wheels/ /wheels/
COPY stubs/ /stubs/
COPY plugin/ /plugin/
COPY install.sh /
RUN sh /install.sh

FROM ${BASE_IMAGE}
COPY --from=wheels /installed/ /
# Every process of a cluster imports all of it: three times as slow without byte code. torch carries a file in the
# grammar of a newer Python.
RUN python3 -m compileall -q -j 0 -x '/py3[0-9]+_' "$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
# There need not be a C++ compiler in here, so torch compiles nothing. Two nodes of a small machine share its CPUs:
# one thread a rank, bound to no core, and 1 GiB of KV cache.
ENV TORCHDYNAMO_DISABLE=1 \
    VLLM_USE_AOT_COMPILE=0 \
    VLLM_CPU_KVCACHE_SPACE=1 \
    VLLM_CPU_OMP_THREADS_BIND=nobind \
    OMP_NUM_THREADS=1
COPY check_platform.py make_model.py /usr/local/share/vllm-cpu/
# That vLLM finds its platform, its own library and the plugin is seen now and not at the first deployment.
RUN python3 /usr/local/share/vllm-cpu/check_platform.py
RUN python3 /usr/local/share/vllm-cpu/make_model.py /models/tiny-llama
