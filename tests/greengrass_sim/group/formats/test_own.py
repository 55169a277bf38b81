from __future__ import annotations

from pathlib import Path

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import Execution, Group, RunAs, load_group
from greengrass_sim.group.resource import DeviceData, ModelData, SecretData, VolumeData

FULL = """
name = "demo"
id = "g-1"
core = "demo-core"
region = "eu-central-1"
account = "210987654321"
secrets = "secrets.toml"

[runtimes]
"python3.8" = "python3"

[defaults]
uid = 5

[functions.echo]
code = "."
handler = "echo.handler"
pinned = true
encoding = "binary"
timeout = 30
memory_kb = 4096
runtime = "python3.8"
version = "7"
exec_args = "-v"
gid = 6
sysfs = true
variables = { PORT = "80" }
resources = { model = "ro", data = "rw", null = "rw", db = "ro" }

[resources.model]
model = "model"
destination = "/models/one"

[resources.data]
volume = "/usr"

[resources.null]
device = "/dev/null"

[resources.db]
secret = "greengrass-db"
labels = ["blue"]

[devices.lamp]
sync_shadow = true

[connectors.classifier]
arn = "arn:aws:greengrass:eu-central-1::/connectors/ImageClassificationX86/versions/2"
parameters = { MLModelDestinationPath = "/models/one" }

[[loggers]]
component = "Lambda"
level = "DEBUG"
space_kb = 10

[[subscriptions]]
source = "lamp"
subject = "request/#"
target = "echo"

[[subscriptions]]
source = "echo"
subject = "answer"
target = "cloud"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    secrets = tmp_path / "secrets.toml"
    secrets.touch(0o600)
    secrets.write_text('[greengrass-db]\nstring = "x"\nstages = ["AWSCURRENT", "blue"]\n')
    return tmp_path


def load(folder: Path, text: str) -> Group:
    (folder / "group.toml").write_text(text)
    return load_group(folder / "group.toml")


def test_everything_that_can_be_said(folder: Path) -> None:
    group = load(folder, FULL)
    function = group.functions[0]
    assert (group.name, group.id) == ("demo", "g-1")
    assert group.cores[0].thing_arn == "arn:aws:iot:eu-central-1:210987654321:thing/demo-core"
    assert function.function_arn == "arn:aws:lambda:eu-central-1:210987654321:function:echo:7"
    assert function.local_path == str(folder)
    assert function.executable == "echo.handler"
    assert (function.config.encoding_type, function.config.timeout) == ("binary", 30)
    assert (function.config.pinned, function.config.exec_args) == (True, "-v")
    assert function.lambda_runtime == "python3.8"
    assert group.memory_kb(function) == 4096
    assert group.execution(function) == Execution(None, RunAs(5, 6))
    assert function.config.environment.access_sysfs
    assert function.config.environment.variables == {"PORT": "80"}
    assert [p.permission for p in function.config.environment.resource_access_policies] == [
        "ro",
        "rw",
        "rw",
        "ro",
    ]
    arn = "arn:aws:secretsmanager:eu-central-1:210987654321:secret:greengrass-db"
    assert [one.kinds[0] for one in group.resources] == [
        ModelData("/models/one"),
        VolumeData("/usr", "/usr"),
        DeviceData("/dev/null"),
        SecretData(arn, ("blue",)),
    ]
    assert group.resources[0].local_path == str(folder / "model")
    assert group.devices[0].sync_shadow
    assert group.connectors[0].parameters == {"MLModelDestinationPath": "/models/one"}
    logger = group.logger("Lambda")
    assert logger is not None
    assert (logger.level, logger.space) == ("DEBUG", 10)
    assert [(row.source, row.target) for row in group.subscriptions] == [
        (group.devices[0].thing_arn, function.function_arn),
        (function.function_arn, "cloud"),
    ]
    assert group.interpreters == {"python3.8": "python3"}
    assert group.secrets_file == str(folder / "secrets.toml")


def test_without_a_memory_size_nothing_is_limited(folder: Path) -> None:
    group = load(folder, FULL.replace("memory_kb = 4096\n", ""))
    assert group.memory_kb(group.functions[0]) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("handler =", "handlr =", r"\$\.functions\.echo\.handlr: unknown field; did you mean 'handler'\?"),
        ('code = "."', 'code = "gone"', r"\$\.functions\.echo\.code: no folder and no zip archive at"),
        ("timeout = 30", "timeout = 0", r"\$\.functions\.echo\.timeout: must be 1 to"),
        ('"echo.handler"', '"echo"', r"\$\.functions\.echo\.handler: must look like"),
        ('model = "ro"', 'modle = "ro"', r"no resource 'modle' in this group; did you mean 'model'\?"),
        ('"/models/one"', '"models"', r"\$\.resources\.model\.destination: must be an absolute path"),
        ('destination = "/models/one"', "", r"\$\.resources\.model: the field 'destination' is missing"),
        ('model = "model"', 'model = "m"\ndevice = "/dev/x"', "must have exactly one of model, volume"),
        ('volume = "/usr"', 'volume = "/gone"', r"\$\.resources\.data: no file and no folder at /gone"),
        ('device = "/dev/null"', 'device = "/etc/passwd"', "must be a device below /dev"),
        ('"request/#"', '"a/#/b"', r"\$\.subscriptions\[0\]\.subject: 'a/#/b' is no topic filter"),
        ('source = "echo"', 'source = "ehco"', r"\$\.subscriptions\[1\]\.source: no function, device"),
        ('labels = ["blue"]', 'labels = ["green"]', "holds no version green of the secret"),
        ('secret = "greengrass-db"', 'secret = "other"', "holds no value for the secret"),
        ('secrets = "secrets.toml"', "", "name one with --secrets FILE"),
        ('name = "demo"', 'name = "demo', r"\$: not TOML: .*line 2"),
        ("[devices.lamp]", "[devices.echo]", "'echo' is the name of a function and of a device"),
    ],
)
def test_a_mistake_is_told_by_its_place_in_the_file(folder: Path, old: str, new: str, problem: str) -> None:
    assert old in FULL
    with pytest.raises(GroupError, match=problem):
        load(folder, FULL.replace(old, new, 1))


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    with pytest.raises(GroupError) as caught:
        load(folder, FULL.replace("timeout = 30", "timeout = 0").replace('"request/#"', '"#/#"'))
    assert [place for place, _ in caught.value.problems] == [
        "$.functions.echo.timeout",
        "$.subscriptions[0].subject",
    ]
