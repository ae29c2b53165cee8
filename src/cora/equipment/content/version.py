"""What is said of a version, by `version_family`, `version_model` and `version_assembly` alike."""

from cora.equipment.values import VersionTag
from cora.kernel.slice import Command


class Tagged(Command):
    """What the version is called."""

    tag: VersionTag
