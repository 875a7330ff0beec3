import { ecrLogin, ecrPermissions, ecrRepository } from "../../../../lib/aws/account/registry";

const HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

test.each([
  [`${HOST}/team/vllm:v1`, HOST, "eu-central-1", "team/vllm"],
  [`${HOST}/vllm@sha256:0123`, HOST, "eu-central-1", "vllm"],
  [
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/vllm:v1",
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "cn-north-1",
    "vllm",
  ],
])("%s is in a private registry", (image, host, region, repository) => {
  expect(ecrRepository(image)).toEqual({ host, account: "111122223333", region, repository });
});

test.each([
  "vllm/vllm-openai:v0.20.0",
  "public.ecr.aws/deep-learning-containers/vllm:server",
  "quay.io/a/b:c",
])("%s is not in a private registry", (image) => {
  expect(ecrRepository(image)).toBeUndefined();
});

test("a machine signs in with its role and may pull one repository", () => {
  const repository = ecrRepository(`${HOST}/team/vllm:v1`)!;
  expect(ecrLogin(repository)).toEqual({
    host: HOST,
    user: "AWS",
    source: { name: "aws-ecr.sh", arguments: ["eu-central-1"] },
  });
  expect(ecrPermissions("aws", repository)[1].resources).toEqual([
    "arn:aws:ecr:eu-central-1:111122223333:repository/team/vllm",
  ]);
});
