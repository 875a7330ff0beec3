# The emulation image with programs that stand in for the engines. The build context is a folder that
# test/e2e/support/stand-in-image.ts puts together; nothing is fetched.
ARG EMULATION_IMAGE
FROM ${EMULATION_IMAGE}
COPY python/ /opt/stand-ins/
COPY data/ /opt/stand-ins/
# Where this Python looks for modules; the engines' own are only asked whether they are there.
RUN purelib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
    mkdir -p "$purelib" && echo /opt/stand-ins > "$purelib/stand-ins.pth" && \
    for module in vllm vllm_ascend lmdeploy dlinfer hydra dacite; do \
      mkdir "/opt/stand-ins/$module" && touch "/opt/stand-ins/$module/__init__.py"; \
    done && \
    echo 'from stand_ins.pipeline import PytorchEngineConfig, pipeline' > /opt/stand-ins/lmdeploy/__init__.py && \
    python3 -m compileall -q /opt/stand-ins
RUN for program in vllm lmdeploy; do \
      { echo '#!/usr/bin/env python3'; cat /opt/stand-ins/launch.py; } > "/usr/local/bin/$program" && \
      chmod 755 "/usr/local/bin/$program"; \
    done
# A model is a folder with a configuration, as far as it goes here.
RUN mkdir -p /models/stand-in && echo '{"architectures": ["StandIn"]}' > /models/stand-in/config.json
# ROLL as it is cloned: a program and a recipe among its examples, and its packages beside them.
RUN mkdir -p /workspace/ROLL/examples/agentic_demo /workspace/ROLL/roll && \
    touch /workspace/ROLL/roll/__init__.py && \
    cp /opt/stand-ins/launch.py /workspace/ROLL/examples/start_agentic_pipeline.py && \
    mv /opt/stand-ins/recipe.yaml \
      /workspace/ROLL/examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo.yaml
