"""The samples, how each is deployed and fed, and what shows that it ran.

Nothing of them is kept here: files are found in the folder that the user names, by the ends of their paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

THING = "sample-core"
WATCHER = "watcher"  # a device
SECRET = "value of the secret"


@dataclass(frozen=True)
class Sample:
    """`file` is the path inside its repository; `handler` a function of that module.

    `subscriptions` are (source, subject, target), where `self` and the names of `others` stand for functions,
    WATCHER for a device.
    `feed` are messages from the cloud. `published` and `logged` tell what must come out: topics with a part
    of the payload, and parts of the log. `volume` is a folder's place for the handler, with the files in it.
    """

    name: str
    file: str
    handler: str
    subscriptions: tuple[tuple[str, str, str], ...]
    feed: tuple[tuple[str, bytes], ...] = ()
    published: tuple[tuple[str, str], ...] = ()
    logged: tuple[str, ...] = ()
    others: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    volume: tuple[str, dict[str, str]] | None = None
    socket_variable: str | None = None
    secret: str | None = None


_SHARED = "Data found in shared input file [/roottmp/{}.txt], it was [from the other]"


def _hello(name: str, topic: str) -> Sample:
    topic = topic.format(thing=THING)
    return Sample(
        name,
        f"functions/{name}/{name}.py",
        "function_handler",
        (("self", topic, "cloud"),),
        published=((topic, "Hello world! Sent from Greengrass Core"),),
    )


def _shared(number: int, other: int) -> Sample:
    name, topic = f"SharedFile{number}Python3", f"{THING}/python3/shared/{number}"
    return Sample(
        name,
        f"functions/{name}/{name}.py",
        "function_handler",
        (("self", topic, "cloud"),),
        published=((topic, _SHARED.format(f"shared{other}")),),
        variables={
            "SHARED_INPUT_FILE": f"/roottmp/shared{other}.txt",
            "SHARED_OUTPUT_FILE": f"/roottmp/shared{number}.txt",
            "OUTPUT_TOPIC": topic,
        },
        volume=("/roottmp", {f"shared{other}.txt": "from the other"}),
    )


_BINARY = "examples/BinaryLambdaInvoke"

SAMPLES: tuple[Sample, ...] = (
    Sample(
        "HelloWorld",
        "examples/HelloWorld/greengrassHelloWorld.py",
        "function_handler",
        (("self", "hello/world", "cloud"),),
        published=(("hello/world", "Hello world! Sent from Greengrass Core running on platform"),),
    ),
    Sample(
        "HelloWorldCounter",
        "examples/HelloWorldCounter/greengrassHelloWorldCounter.py",
        "function_handler",
        (("cloud", "hello/world/counter/trigger", "self"), ("self", "hello/world/counter", "cloud")),
        feed=(("hello/world/counter/trigger", b"{}"),),
        published=(("hello/world/counter", "Invocation Count: 1"),),
        logged=("Task timed out after 3.00 seconds",),
    ),
    Sample(
        "BinaryLambdaInvoke, the invoked",
        f"{_BINARY}/invokee.py",
        "handler",
        (("cloud", "invoke", "self"),),
        feed=(("invoke", b"Non-JSON \xff"),),
        logged=("Invoked with payload b'Non-JSON \\xff'",),
        config={"EncodingType": "binary"},
    ),
    Sample(
        # Its own code fails on Python 3, and it names its target by placeholders that must be filled in.
        "BinaryLambdaInvoke, the invoker",
        f"{_BINARY}/invoker.py",
        "handler",
        (("cloud", "start", "self"),),
        feed=(("start", b"{}"),),
        logged=("string argument without an encoding",),
        others={"invokee": (f"{_BINARY}/invokee.py", "handler")},
    ),
    Sample(
        "Storyline_MessageLambda",
        "examples/Storyline_MessageLambda/messageLambda.py",
        "message_handler",
        (
            ("cloud", "/topic/state", "self"),
            ("GGShadowService", "$aws/things/RobotArm_Thing/shadow/update/documents", "cloud"),
            ("GGShadowService", "$aws/things/RobotArm_Thing/shadow/update/delta", "cloud"),
        ),
        feed=(("/topic/state", b'{"state": "on"}'),),
        published=(
            ("$aws/things/RobotArm_Thing/shadow/update/documents", '"myState":'),
            ("$aws/things/RobotArm_Thing/shadow/update/delta", '"myState":'),
        ),
        logged=("Triggering publish to shadow topic to set state to ON",),
    ),
    Sample(
        "Storyline_UptimeLambda",
        "examples/Storyline_UptimeLambda/uptimeLambda.py",
        "uptime_handler",
        (("cloud", "/topic/state", "self"), ("self", "/topic/metering", "cloud")),
        feed=(("/topic/state", b'{"state": "on"}'), ("/topic/state", b'{"state": "off"}')),
        published=(("/topic/metering", "Robot arm turned ON"), ("/topic/metering", "Robot arm turned OFF")),
        logged=("Triggering publish to topic /topic/metering with OFF state",),
    ),
    _hello("HelloWorldPython3", "{thing}/python3/hello/world"),
    _hello("HelloWorldPythonWithCloudFormation", "{thing}/python/hello/world"),
    _hello("BasicIngestPythonWithCloudFormation", "$aws/rules/{thing}_BasicIngestRepublishRule"),
    Sample(
        "BenchmarkPython",
        "functions/BenchmarkPython/BenchmarkPython.py",
        "function_handler",
        (
            # The spool to the cloud drops the oldest of what comes in faster than it goes out.
            ("self", f"{THING}/cdd/benchmark/results/python", WATCHER),
            ("self", f"{THING}/cdd/benchmark/output/python", "cloud"),
        ),
        published=((f"{THING}/cdd/benchmark/results/python", '"errors": 0'),),
    ),
    _shared(1, 2),
    _shared(2, 1),
    Sample(
        "SocketServerPython",
        "functions/SocketServerPython/SocketServerPython.py",
        "function_handler",
        (("self", f"{THING}/socketserver/#", "cloud"),),
        published=((f"{THING}/socketserver/output", "over a socket"),),
        socket_variable="PORT",
    ),
    Sample(
        "SecretsManagerPython3",
        "functions/SecretsManagerPython3/SecretsManagerPython3.py",
        "function_handler",
        (("self", f"{THING}/python3/secrets/manager", "cloud"),),
        published=((f"{THING}/python3/secrets/manager", SECRET),),
        variables={"SECRET_0": "test-secret"},
        secret="test-secret",
    ),
)
