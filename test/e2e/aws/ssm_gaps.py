"""What moto lacks of Systems Manager: public parameters of machine images; all name the one there is."""

from datetime import datetime, timezone

from moto.ec2.models.amis import AMIS
from moto.ssm.models import Parameter, SimpleSystemManagerBackend
from place import ACCOUNT

_get = SimpleSystemManagerBackend.get_parameter
_IMAGES = ("/aws/service/deeplearning/ami/", "/aws/service/neuron/")


def install() -> None:
    SimpleSystemManagerBackend.get_parameter = _get_parameter


def _get_parameter(self: SimpleSystemManagerBackend, name: str) -> Parameter | None:
    if not name.startswith(_IMAGES):
        return _get(self, name)
    return Parameter(
        account_id=ACCOUNT,
        name=name,
        value=str(AMIS[0]["ami_id"]),
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=datetime.now(timezone.utc),
        version=1,
        data_type="aws:ec2:image",
    )
