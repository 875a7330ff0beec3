import { neededHcclBufferMB } from "../../../../lib/topology/model/hccl-buffer";
import { Model } from "../../../../lib/topology/model/model";

/** The model of vllm-project/vllm-ascend#5287: 128 experts of width 2048, 8 for each token. */
const { shape } = Model.QWEN3_235B_A22B;
const small = { ...shape, hiddenSize: 2048 };
const cut = (tensor: number, data: number, expertParallel = true) => ({
  tensor,
  pipeline: 1,
  data,
  expertParallel,
});
const needed = (board: string | undefined, parallelism = cut(1, 2), stepTokens = 512) =>
  neededHcclBufferMB({ shape: small, parallelism, board, stepTokens });

test("neededHcclBufferMB is what HCCL's message says: 609 MB for two ranks with 512 tokens", () => {
  expect(needed("a3")).toBe(609);
});

test.each([
  ["fewer tokens", needed("a3", cut(1, 2), 128), 153],
  ["more tokens than the kernels take", needed("a3", cut(1, 2), 4096), 609],
  ["a tensor group, which shares the tokens", needed("a3", cut(8, 2)), 77],
])("neededHcclBufferMB with %s", (_, got, wanted) => {
  expect(got).toBe(wanted);
});

test.each([
  ["without expert parallelism", needed("a3", cut(1, 2, false))],
  ["on one rank", needed("a3", cut(1, 1))],
  ["on an A2 with fewer than 16 ranks", needed("a2", cut(8, 1))],
  ["on a 310P", needed("300i-duo", cut(8, 2))],
  ["on an unknown board", needed(undefined, cut(8, 2))],
  [
    "of a dense model",
    neededHcclBufferMB({
      shape: Model.LLAMA_3_1_70B.shape,
      parallelism: cut(1, 2),
      board: "a3",
      stepTokens: 512,
    }),
  ],
])("neededHcclBufferMB %s is 0", (_, got) => {
  expect(got).toBe(0);
});

test("neededHcclBufferMB on an A2 begins with 16 ranks", () => {
  expect(needed("a2", cut(8, 2))).toBe(77);
});
