"""The emulated account refuses what AWS refuses; each refusal is a call that a stack of ours has made."""

import base64
import contextlib
import sys
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import boto3
import ec2_gaps
import ec2_machines
import fsx_gaps
import groups
import launches
import logs_gaps
import s3_gaps
import service_quotas
from botocore.exceptions import ClientError
from limits import LIMITS, Limits
from moto import mock_aws
from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from place import ACCOUNT, REGION

_P5 = "p5.48xlarge"
_P_QUOTA = "L-417A185B"
_AMI = "ami-12c6146b"
_TARGET = {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}
_BLOCK = {"MarketType": "capacity-block"}

for _part in (ec2_gaps, ec2_machines, fsx_gaps, groups, logs_gaps, s3_gaps, service_quotas):
    _part.install()


class Account(unittest.TestCase):
    """A fresh account with a network of its own, whose clock the test winds."""

    def setUp(self) -> None:
        mocked = mock_aws()
        mocked.start()
        self.addCleanup(mocked.stop)
        self.seconds = 0.0
        for name, value in vars(Limits(now=lambda: self.seconds)).items():
            setattr(LIMITS, name, value)
        ec2_gaps._placement_groups.clear()
        groups._activities.clear()
        groups._capacity.clear()
        self.ec2, self.fsx, self.iam, self.kms, self.scaling, self.quotas = (
            boto3.client(name, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
            for name in ("ec2", "fsx", "iam", "kms", "autoscaling", "service-quotas")
        )
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        zone = {"AvailabilityZone": f"{REGION}a"}
        self.subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", **zone)["Subnet"]["SubnetId"]
        self.group = self.ec2.create_security_group(GroupName="fs", Description="fs", VpcId=vpc)["GroupId"]
        everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        # As the provider does with every group.
        self.ec2.revoke_security_group_egress(GroupId=self.group, IpPermissions=everywhere)

    @contextlib.contextmanager
    def refused(self, code: str, words: str = "") -> Any:
        with self.assertRaises(ClientError) as caught:
            yield
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        self.assertIn(words, error["Message"])

    def template(self, **data: Any) -> str:
        base = {
            "ImageId": _AMI,
            "InstanceType": _P5,
            "UserData": base64.b64encode(b"#cloud-config").decode(),
            "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkCardIndex": 0, "SubnetId": self.subnet}],
        }
        made = self.ec2.create_launch_template(
            LaunchTemplateName="machines", LaunchTemplateData={**base, **data}
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def launch(self, template: str) -> str:
        made = self.ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateId": template})
        return str(made["Instances"][0]["InstanceId"])

    def make_group(self, template: str, count: int = 3, **settings: Any) -> None:
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName="workers",
            MinSize=count,
            MaxSize=count,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
            VPCZoneIdentifier=self.subnet,
            **settings,
        )

    def in_service(self) -> int:
        found = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["workers"])
        return len(found["AutoScalingGroups"][0]["Instances"])

    def activities(self) -> list[tuple[str, str]]:
        found = self.scaling.describe_scaling_activities(AutoScalingGroupName="workers")["Activities"]
        return [(one["StatusCode"], one.get("StatusMessage", "")) for one in found]


class FileSystems(Account):
    def create(self, **lustre: Any) -> None:
        self.fsx.create_file_system(
            FileSystemType="LUSTRE",
            StorageCapacity=9600,
            SubnetIds=[self.subnet],
            SecurityGroupIds=[self.group],
            LustreConfiguration={"DeploymentType": "PERSISTENT_2", **lustre},
        )

    def allow(self, protocol: str, *ports: tuple[int, int], cidr: str = "", outward: bool = True) -> None:
        source = {"IpRanges": [{"CidrIp": cidr}]} if cidr else {"UserIdGroupPairs": [{"GroupId": self.group}]}
        rules = [{"IpProtocol": protocol, "FromPort": a, "ToPort": b, **source} for a, b in ports]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=rules)
        if outward:
            self.ec2.authorize_security_group_egress(GroupId=self.group, IpPermissions=rules)

    def test_a_group_without_rules_yet(self) -> None:
        with self.refused("InvalidNetworkSettings", "port 988"):
            self.create()

    def test_some_of_the_rules(self) -> None:
        self.allow("tcp", (988, 988))
        with self.refused("InvalidNetworkSettings"):
            self.create()

    def test_rules_of_one_way(self) -> None:
        self.allow("tcp", (988, 988), (1018, 1023), outward=False)
        with self.refused("InvalidNetworkSettings"):
            self.create()

    def test_all_rules(self) -> None:
        self.allow("tcp", (988, 988), (1018, 1023))
        self.create()

    def test_efa_needs_all_traffic_by_group(self) -> None:
        self.allow("tcp", (988, 988), (1018, 1023))
        with self.refused("BadRequest", "EFA-enabled"):
            self.create(EfaEnabled=True)
        self.allow("-1", (-1, -1), cidr="0.0.0.0/0")
        with self.refused("BadRequest", "EFA-enabled"):
            self.create(EfaEnabled=True)
        self.allow("-1", (-1, -1))
        self.create(EfaEnabled=True)


class Names(Account):
    def test_two_placement_groups_of_one_name(self) -> None:
        self.ec2.create_placement_group(GroupName="network", Strategy="cluster")
        with self.refused("InvalidPlacementGroup.Duplicate"):
            self.ec2.create_placement_group(GroupName="network", Strategy="cluster")


class Reservations(Account):
    def reserve(self, **facts: Any) -> None:
        LIMITS.set({"reservations": {"cr-1": {"instance_type": _P5, "count": 1, **facts}}})

    def reserved(self, group: str = "", **data: Any) -> str:
        placement = {"Placement": {"GroupName": group}} if group else {}
        return self.template(CapacityReservationSpecification=_TARGET, **placement, **data)

    def test_unknown(self) -> None:
        with self.refused("InvalidCapacityReservationId.NotFound"):
            self.launch(self.reserved())

    def test_beside_a_placement_group_that_is_not_its_own(self) -> None:
        self.reserve()
        with self.refused("InsufficientInstanceCapacity"):
            self.launch(self.reserved(group="fresh"))

    def test_in_its_own_placement_group(self) -> None:
        self.reserve(placement_group="own")
        self.launch(self.reserved(group="own"))

    def test_full(self) -> None:
        self.reserve()
        template = self.reserved()
        self.launch(template)
        with self.refused("ReservationCapacityExceeded"):
            self.launch(template)

    def test_of_another_type(self) -> None:
        self.reserve()
        with self.refused("InvalidParameterValue"):
            self.launch(self.reserved(InstanceType="p4d.24xlarge"))

    def test_a_block_before_and_after_its_time(self) -> None:
        self.reserve(is_block=True, begins_in=60, ends_in=120)
        template = self.reserved(InstanceMarketOptions=_BLOCK)
        for self.seconds in (0, 120):
            with self.refused("ReservationCapacityExceeded"):
                self.launch(template)
        self.seconds = 60
        self.launch(template)

    def test_a_block_without_its_market_or_with_a_placement_group(self) -> None:
        self.reserve(is_block=True)
        with self.refused("InvalidParameterCombination", "market"):
            self.launch(self.reserved())
        self.ec2.delete_launch_template(LaunchTemplateName="machines")
        with self.refused("InvalidParameterCombination", "placement"):
            self.launch(self.reserved(group="fresh", InstanceMarketOptions=_BLOCK))


class Launches(Account):
    def test_no_machine_is_free(self) -> None:
        LIMITS.set({"empty_launches": 1})
        template = self.template()
        with self.refused("InsufficientInstanceCapacity", _P5):
            self.launch(template)
        self.launch(template)

    def test_quota_of_the_family(self) -> None:
        LIMITS.set({"vcpus": {_P_QUOTA: 192}})
        template = self.template()
        self.launch(template)
        with self.refused("VcpuLimitExceeded", "limit of 192"):
            self.launch(template)
        value = self.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=_P_QUOTA)["Quota"]["Value"]
        self.assertEqual(value, 192)

    def test_quota_codes(self) -> None:
        codes = {
            one: launches.quota_code(one)
            for one in (_P5, "g6.xlarge", "gr6.8xlarge", "trn2.48xlarge", "m7i.xlarge")
        }
        self.assertEqual(
            codes,
            {
                _P5: _P_QUOTA,
                "g6.xlarge": "L-DB2E81BA",
                "gr6.8xlarge": "L-DB2E81BA",
                "trn2.48xlarge": "L-2C3B7624",
                "m7i.xlarge": "L-1216C47A",
            },
        )

    def test_address_of_a_machine_that_runs_or_has_just_ended(self) -> None:
        LIMITS.set({"address_seconds": 120})
        nic = {
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "SubnetId": self.subnet,
            "PrivateIpAddress": "10.0.0.10",
        }
        template = self.template(NetworkInterfaces=[nic])
        first = self.launch(template)
        with self.refused("InvalidIPAddress.InUse"):
            self.launch(template)
        self.ec2.terminate_instances(InstanceIds=[first])
        self.seconds = 119
        with self.refused("InvalidIPAddress.InUse"):
            self.launch(template)
        self.seconds = 120
        self.launch(template)

    def test_instance_profile_of_the_last_seconds(self) -> None:
        LIMITS.set({"profile_seconds": 10})
        self.iam.create_instance_profile(InstanceProfileName="machines")
        template = self.template(IamInstanceProfile={"Name": "machines"})
        with self.refused("InvalidParameterValue", "Invalid IAM Instance Profile name"):
            self.launch(template)
        self.seconds = 10
        self.launch(template)


class Buckets(Account):
    def test_one_with_a_deleted_file_is_emptied_once_its_versions_are_suspended(self) -> None:
        s3 = boto3.client("s3", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket="machines")
        s3.put_bucket_versioning(Bucket="machines", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="machines", Key="a", Body=b"a")
        s3.delete_object(Bucket="machines", Key="a")
        s3.put_bucket_versioning(Bucket="machines", VersioningConfiguration={"Status": "Suspended"})
        found = s3.list_object_versions(Bucket="machines")
        versions = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in found["Versions"] + found["DeleteMarkers"]
        ]
        s3.delete_objects(Bucket="machines", Delete={"Objects": versions})
        s3.delete_bucket(Bucket="machines")


class Logs(Account):
    def put(self, *events: tuple[int, str]) -> None:
        stream = {"logGroupName": "machines", "logStreamName": "head/i-1"}
        begin = int(time.time() - 2 * 86_400) * 1000
        found = [{"timestamp": begin + at, "message": text} for at, text in events]
        self.logs.put_log_events(**stream, logEvents=found)

    def test_events_that_one_call_does_not_take(self) -> None:
        self.logs = boto3.client("logs", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        self.logs.create_log_group(logGroupName="machines")
        with self.refused("ResourceNotFoundException"):
            self.put((0, "a"))
        self.logs.create_log_stream(logGroupName="machines", logStreamName="head/i-1")
        self.put((0, "a"), (0, "b"), (86_400_000, "c"))
        with self.refused("InvalidParameterException", "chronological"):
            self.put((1, "a"), (0, "b"))
        with self.refused("InvalidParameterException", "24 hours"):
            self.put((0, "a"), (86_400_001, "b"))
        with self.refused("InvalidParameterException", "too large"):
            self.put(*((0, "é" * 150_000) for _ in range(4)))


class Groups(Account):
    def test_launches_that_find_no_machine_are_activities_and_tried_again(self) -> None:
        LIMITS.set({"empty_group_launches": 2})
        template = self.template()
        self.launch(template)
        self.make_group(template)
        self.assertEqual(self.in_service(), 0)
        [(status, message)] = self.activities()
        self.assertEqual(status, "Failed")
        self.assertIn(f"sufficient {_P5} capacity", message)
        backend = autoscaling_backends[ACCOUNT][REGION]
        groups.fill(backend)
        self.assertEqual(self.in_service(), 0)
        groups.fill(backend)
        self.assertEqual(self.in_service(), 3)
        statuses = [status for status, _ in self.activities()]
        self.assertEqual(statuses, ["Successful"] * 3 + ["Failed"] * 2)

    def test_reservations_first_then_on_demand(self) -> None:
        LIMITS.set({"reservations": {"cr-1": {"instance_type": _P5, "count": 2}}})
        target = {"CapacityReservationIds": ["cr-1"]}
        first = {
            "CapacityReservationPreference": "capacity-reservations-first",
            "CapacityReservationTarget": target,
        }
        self.make_group(self.template(), 3, CapacityReservationSpecification=first)
        self.assertEqual(self.in_service(), 3)
        machines = ec2_backends[ACCOUNT][REGION].all_instances()
        self.assertEqual([one.reservation for one in machines], ["cr-1", "cr-1", None])
        [found] = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        self.assertEqual(found["CapacityReservationSpecification"], first)

    def test_a_reservation_of_another_type_is_no_reason_to_go_on_without(self) -> None:
        LIMITS.set({"reservations": {"cr-1": {"instance_type": "p4d.24xlarge", "count": 2}}})
        first = {
            "CapacityReservationPreference": "capacity-reservations-first",
            "CapacityReservationTarget": {"CapacityReservationIds": ["cr-1"]},
        }
        self.make_group(self.template(), 1, CapacityReservationSpecification=first)
        self.assertEqual(self.in_service(), 0)

    def test_a_customers_key_without_a_grant_for_the_group(self) -> None:
        key = self.kms.create_key()["KeyMetadata"]
        volume = {
            "DeviceName": "/dev/sda1",
            "Ebs": {"VolumeSize": 200, "KmsKeyId": key["Arn"], "Encrypted": True},
        }
        template = self.template(BlockDeviceMappings=[volume])
        self.launch(template)
        self.make_group(template, 1)
        [(status, message)] = self.activities()
        self.assertEqual((status, message.split(".")[0]), ("Failed", "Client error on launch"))
        operations = ["Encrypt", "Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"]
        self.kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=launches.GROUP_ROLE, Operations=operations)
        groups.fill(autoscaling_backends[ACCOUNT][REGION])
        self.assertEqual(self.in_service(), 1)


if __name__ == "__main__":
    unittest.main()
