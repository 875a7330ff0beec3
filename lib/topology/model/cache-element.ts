/**
 * Bytes of an element of the cache by its type as engines write it (vLLM `--kv-cache-dtype`, LMDeploy
 * `--quant-policy`); scales of groups are left out.
 *
 * @returns `undefined` for `auto` and for a type that is not known: the model's configuration decides
 */
export function cacheElementBytes(dtype: string | undefined): number | undefined {
  if (dtype === undefined || dtype === "auto") {
    return undefined;
  }
  if (/^(bfloat16|bf16|float16|half)$/.test(dtype)) {
    return 2;
  }
  if (/^(float32|float)$/.test(dtype)) {
    return 4;
  }
  // 656 bytes for the 576 elements of a token: 64 of them stay in 16 bits, and there are scales (vLLM `flashmla_sparse.py`).
  if (dtype === "fp8_ds_mla") {
    return 656 / 576;
  }
  if (/^(fp8|int8)/.test(dtype)) {
    return 1;
  }
  return /^(nvfp4|int4|turboquant_4bit|ultraquant_4bit)/.test(dtype) ? 0.5 : undefined;
}
