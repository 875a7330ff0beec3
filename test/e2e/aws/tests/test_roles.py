"""A role may do what its policies allow, conditions included, and nothing else."""

import json
import sys
import unittest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

import boto3
import roles
from moto import mock_aws
from place import ACCOUNT, REGION

_TAG = {"Key": "ray-cluster", "Value": "llama-boot-1"}
_POLICY = [
    {
        "Effect": "Allow",
        "Action": ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"],
        "Resource": ["*"],
    },
    *(
        {
            "Effect": "Allow",
            "Action": [action],
            "Resource": [resource],
            "Condition": {"StringEquals": {"aws:ResourceTag/ray-cluster": "llama-boot-1"}},
        }
        for action, resource in (
            (
                "autoscaling:UpdateAutoScalingGroup",
                f"arn:aws:autoscaling:{REGION}:*:autoScalingGroup:*:autoScalingGroupName/*",
            ),
            ("ec2:TerminateInstances", f"arn:aws:ec2:{REGION}:*:instance/*"),
        )
    ),
    {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::weights"],
        "Condition": {"StringLike": {"s3:prefix": ["llama/*"]}},
    },
]


class Roles(unittest.TestCase):
    def setUp(self) -> None:
        mocked = mock_aws()
        mocked.start()
        self.addCleanup(mocked.stop)
        keys = {"region_name": REGION, "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        iam = boto3.client("iam", **keys)
        iam.create_role(RoleName="head", AssumeRolePolicyDocument="{}")
        self.iam, self.ec2 = iam, boto3.client("ec2", **keys)
        self.scaling = boto3.client("autoscaling", **keys)
        self.allow(_POLICY)

    def allow(self, statements: list[dict[str, Any]]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName="head", PolicyName="named", PolicyDocument=document)

    def allows(self, service: str, action: str, **asked: str) -> bool:
        environ = {"HTTP_AUTHORIZATION": f"Credential=x/{REGION}/{service}/aws4_request"}
        body = urlencode({"Action": action, **asked}).encode()
        return roles.allows("head", roles.call_of(environ, body))

    def machine(self, *tags: dict[str, str]) -> str:
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a"}, *tags]}],
        )
        return str(made["Instances"][0]["InstanceId"])

    def test_a_machine_with_the_tag_alone(self) -> None:
        ours, other = self.machine(_TAG), self.machine({**_TAG, "Value": "other"})
        self.assertTrue(self.allows("ec2", "TerminateInstances", **{"InstanceId.1": ours}))
        for one in (other, self.machine(), "i-unknown"):
            self.assertFalse(self.allows("ec2", "TerminateInstances", **{"InstanceId.1": one}))
        both = {"InstanceId.1": ours, "InstanceId.2": other}
        self.assertFalse(self.allows("ec2", "TerminateInstances", **both))
        self.assertFalse(self.allows("ec2", "StopInstances", **{"InstanceId.1": ours}))

    def test_a_group_with_the_tag_alone(self) -> None:
        self.ec2.create_launch_template(
            LaunchTemplateName="machines", LaunchTemplateData={"ImageId": "ami-12c6146b"}
        )
        for name, tags in (("ours", [_TAG]), ("other", [])):
            self.scaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                MinSize=0,
                MaxSize=0,
                LaunchTemplate={"LaunchTemplateName": "machines", "Version": "$Latest"},
                AvailabilityZones=[f"{REGION}a"],
                Tags=[{**tag, "PropagateAtLaunch": False} for tag in tags],
            )
        for name, allowed in (("ours", True), ("other", False), ("unknown", False)):
            found = self.allows("autoscaling", "UpdateAutoScalingGroup", AutoScalingGroupName=name)
            self.assertEqual(found, allowed, name)

    def test_what_describes_takes_no_resource(self) -> None:
        self.assertTrue(self.allows("ec2", "DescribeInstances"))
        self.assertFalse(self.allows("ec2", "DescribeVolumes"))

    def test_a_prefix_of_a_bucket(self) -> None:
        for prefix, allowed in (("llama/a", True), ("other/", False), ("", False)):
            environ = {
                "HTTP_AUTHORIZATION": f"Credential=x/{REGION}/s3/aws4_request",
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/weights",
                "QUERY_STRING": urlencode({"prefix": prefix}),
            }
            self.assertEqual(roles.allows("head", roles.call_of(environ, b"")), allowed, prefix)

    def test_streams_of_one_log_group(self) -> None:
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ray-cluster/a"
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        self.allow([{"Effect": "Allow", "Action": actions, "Resource": [group, f"{group}:*"]}])
        for name, allowed in (("/ray-cluster/a", True), ("/ray-cluster/ab", False), ("/other", False)):
            for action in ("CreateLogStream", "PutLogEvents"):
                body = json.dumps({"logGroupName": name, "logStreamName": "head/i-1"}).encode()
                call = roles.call_of({"HTTP_X_AMZ_TARGET": f"Logs_20140328.{action}"}, body)
                self.assertEqual(roles.allows("head", call), allowed, (name, action))

    def test_a_condition_that_is_not_known_holds_for_nothing(self) -> None:
        self.allow([{**_POLICY[0], "Condition": {"Bool": {"aws:SecureTransport": "true"}}}])
        self.assertFalse(self.allows("ec2", "DescribeInstances"))


if __name__ == "__main__":
    unittest.main()
