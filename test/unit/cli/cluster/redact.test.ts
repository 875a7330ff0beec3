import { redact } from "../../../../lib/cli/cluster/redact";

const HF = "hf_" + "aB3".repeat(10);

test.each([
  ["a token of Hugging Face", `token ${HF} used`, "token <secret> used"],
  ["an access key of AWS", "id AKIAIOSFODNN7EXAMPLE.", "id <secret>."],
  ["a token of GitHub", `x ghp_${"a1B2".repeat(9)} y`, "x <secret> y"],
  ["a key of an API", `key sk-proj-${"aB3".repeat(10)}`, "key <secret>"],
  ["a bearer", "Authorization: Bearer abc.DEF-123_x==", "Authorization: Bearer <secret>"],
  [
    "a signed URL",
    "https://b/x?X-Amz-Signature=0f0f&X-Amz-Expires=60",
    "https://b/x?X-Amz-Signature=<secret>&X-Amz-Expires=60",
  ],
  [
    "the password of a URL",
    "index https://me:pass-word@pypi.lan/simple",
    "index https://me:<secret>@pypi.lan/simple",
  ],
  ["a variable", "WANDB_API_KEY=abcdef123 RANK=0", "WANDB_API_KEY=<secret> RANK=0"],
  ["a variable in JSON", '{"HF_TOKEN": "abcdef-xyz", "RANK": "0"}', '{"HF_TOKEN": "<secret>", "RANK": "0"}'],
  ["a setting", "password: hunter22x", "password: <secret>"],
  ["a flag", "--api-key=correct-horse", "--api-key=<secret>"],
  [
    "a private key",
    "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY-----\nb",
    "a\n<secret>\nb",
  ],
])("%s is taken out", (_, text, without) => {
  expect(redact(text)).toBe(without);
});

test.each([
  ["numbers of tokens", "max_tokens: 64, total_tokens=1234567, tokens/s: 12345678.5"],
  ["the path of a token", '"token": "/var/lib/ray-cluster/secrets/ray-token"'],
  ["a variable with a path", "RAY_AUTH_TOKEN_PATH=/var/lib/ray-cluster/secrets/ray-token"],
  ["a digest", `image sha256:${"0f".repeat(32)}`],
  ["an address", "http://10.89.28.10:8000/v1/chat/completions"],
  ["a git remote", "git@github.com:a/b.git"],
  ["what is hidden already", "HF_TOKEN=<secret>"],
  ["a short word of the same kind", "hf_hub, sk-learn, gho_"],
  ["a reason of the node program", "wrong token: the head's Ray refuses this node's token"],
])("%s stays", (_, text) => {
  expect(redact(text)).toBe(text);
});
