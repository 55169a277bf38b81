from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import Group, load_group
from greengrass_sim.group.local import Local

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  CoreName: {Type: String, Default: demo}
  Subnets: {Type: CommaDelimitedList, Default: 'a, b'}
  Debug: {Type: String, Default: 'no'}
Conditions:
  IsDebug: !Equals [!Ref Debug, 'yes']
Mappings:
  Sizes:
    small: {Memory: '131072'}
Globals:
  Function: {Runtime: python3.8}
Resources:
  Thing:
    Type: AWS::IoT::Thing
    Properties: {ThingName: !Join ['_', [!Ref CoreName, Core]]}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub '${AWS::StackName}-hello'
      CodeUri: functions/hello
      Handler: hello.handler
      AutoPublishAlias: live
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.7
      Code:
        ZipFile: |
          def handler(event, context):
              return event
  PlainVersion:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !GetAtt Plain.Arn}
  PlainAlias:
    Type: AWS::Lambda::Alias
    Properties: {Name: prod, FunctionName: !Ref Plain, FunctionVersion: !GetAtt PlainVersion.Version}
  Cores:
    Type: AWS::Greengrass::CoreDefinition
    Properties:
      Name: cores
      InitialVersion:
        Cores:
          - Id: core
            ThingArn: !Sub 'arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:thing/${Thing}'
            CertificateArn: !GetAtt Certificate.Arn
            SyncShadow: 'false'
  Certificate:
    Type: AWS::IoT::Certificate
  Functions:
    Type: AWS::Greengrass::FunctionDefinition
    Properties: {Name: functions}
  FunctionsVersion:
    Type: AWS::Greengrass::FunctionDefinitionVersion
    Properties:
      FunctionDefinitionId: !Ref Functions
      DefaultConfig: {Execution: {IsolationMode: GreengrassContainer}}
      Functions:
        - Id: hello
          FunctionArn: !Ref Hello.Alias
          FunctionConfiguration:
            Pinned: 'true'
            MemorySize: !FindInMap [Sizes, small, Memory]
            Timeout: '300'
            Environment:
              AccessSysfs: 'false'
              Variables:
                MODE: !If [IsDebug, debug, !Ref 'AWS::NoValue']
                NET: !Select [1, !Ref Subnets]
                PORT: 80
                PARTS: !Join ['-', !Split [',', 'x,y']]
        - Id: plain
          FunctionArn: !Ref PlainAlias
          FunctionConfiguration: {Pinned: 'true', MemorySize: '16384', Executable: index.py}
        - !If
          - IsDebug
          - {Id: debug, FunctionArn: !Ref PlainVersion}
          - !Ref AWS::NoValue
  Old:
    Type: AWS::Greengrass::SubscriptionDefinition
    Properties:
      Name: not of this group
      InitialVersion: {Subscriptions: [{Id: x, Source: cloud, Subject: x, Target: nowhere}]}
  Subscriptions:
    Type: AWS::Greengrass::SubscriptionDefinition
    Properties:
      Name: subscriptions
      InitialVersion:
        Subscriptions:
          - Id: in
            Source: cloud
            Subject: !Sub ['${Root}/request', {Root: !Ref CoreName}]
            Target: !Ref Hello.Alias
          - Id: out
            Source: !Join [':', [!GetAtt Hello.Arn, live]]
            Subject: answer
            Target: cloud
  Extra:
    Type: AWS::Greengrass::LoggerDefinition
    Condition: IsDebug
    Properties:
      InitialVersion: {Loggers: [{Id: l, Component: Lambda, Level: DEBUG, Type: FileSystem, Space: '10'}]}
  Group:
    Type: AWS::Greengrass::Group
    Properties:
      Name: !Ref CoreName
      InitialVersion:
        CoreDefinitionVersionArn: !GetAtt Cores.LatestVersionArn
        FunctionDefinitionVersionArn: !Ref FunctionsVersion
        SubscriptionDefinitionVersionArn: !GetAtt Subscriptions.LatestVersionArn
        LoggerDefinitionVersionArn: !If [IsDebug, !GetAtt Extra.LatestVersionArn, !Ref AWS::NoValue]
Outputs:
  Out: {Value: !ImportValue something-else}
"""
ARN = "arn:aws:lambda:us-east-1:123456789012:function"


def load(folder: Path, text: str = TEMPLATE, **parameters: str) -> Group:
    (folder / "functions" / "hello").mkdir(parents=True, exist_ok=True)
    path = folder / "stack.yaml"
    path.write_text(text)
    return load_group(path, Local(parameters=parameters))


def test_a_template_becomes_the_group_that_its_stack_would_be(tmp_path: Path) -> None:
    group = load(tmp_path)
    hello, plain = group.functions
    assert group.name == "demo"
    assert group.cores[0].thing_arn == "arn:aws:iot:us-east-1:123456789012:thing/demo_Core"
    assert (hello.function_arn, plain.function_arn) == (f"{ARN}:stack-hello:live", f"{ARN}:Plain:prod")
    assert hello.local_path == str(tmp_path / "functions" / "hello")
    assert (hello.executable, hello.lambda_runtime) == ("hello.handler", "python3.8")
    assert (hello.config.pinned, hello.config.memory_size, hello.config.timeout) == (True, 131072, 300)
    assert hello.config.environment.variables == {"NET": "b", "PORT": "80", "PARTS": "x-y"}
    assert (plain.executable, plain.lambda_runtime) == ("index.handler", "python3.7")
    assert plain.inline_code == "def handler(event, context):\n    return event\n"
    assert group.execution(plain).isolation_mode == "GreengrassContainer"
    assert [(row.source, row.subject, row.target) for row in group.subscriptions] == [
        ("cloud", "demo/request", hello.function_arn),
        (hello.function_arn, "answer", "cloud"),
    ]
    assert group.loggers == ()


def test_parameters_change_it(tmp_path: Path) -> None:
    text = TEMPLATE.replace("{Id: debug, FunctionArn: !Ref PlainVersion}", DEBUG)
    group = load(
        tmp_path, text, **{"Debug": "yes", "CoreName": "other", "AWS::Region": "x", "AWS::AccountId": "5"}
    )
    assert group.name == "other"
    assert group.cores[0].thing_arn == "arn:aws:iot:x:5:thing/other_Core"
    assert group.functions[2].function_arn == "arn:aws:lambda:x:5:function:Plain:1"
    assert group.functions[0].config.environment.variables["MODE"] == "debug"
    assert group.loggers[0].space == 10


DEBUG = (
    "{Id: debug, FunctionArn: !Ref PlainVersion, FunctionConfiguration: {Pinned: 'true', MemorySize: '9000'}}"
)


def test_json_does_as_well(tmp_path: Path) -> None:
    from greengrass_sim.group.formats.yamltext import parse_yaml

    text = json.dumps(parse_yaml(TEMPLATE))
    assert load(tmp_path, text) == load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "Default: demo",
            "Description: x",
            "the parameter CoreName has no value: --parameter CoreName=VALUE",
        ),
        ("!Ref Debug", "!Ref Debgu", r"no parameter and no resource 'Debgu'; did you mean 'Debug'\?"),
        ("!If [IsDebug, debug", "!If [IsDbug, debug", "no condition 'IsDbug'"),
        (
            "Timeout: '300'",
            "Timeout: 'x'",
            r"FunctionsVersion\.Properties\.Functions\[0\]\.FunctionConf.*Timeout",
        ),
        ("Pinned: 'true'", "Pinned: 'jes'", 'Pinned: must be true or false, not "jes"'),
        ("small, Memory]", "big, Memory]", "the template's mappings hold no Sizes / big / Memory"),
        ("!Select [1,", "!Select [7,", "there is no part 7 of 2"),
        ("Subject: answer", "Subject: !ImportValue x", "Fn::ImportValue cannot be computed without AWS"),
        (
            "Subject: answer",
            "Subject: a\n            Subject: b",
            "'Subject' is given twice in one object, line",
        ),
        (
            "!Ref FunctionsVersion",
            "arn:aws:x",
            "the group names arn:aws:x, which this template does not make",
        ),
        ("CodeUri: functions/hello", "CodeUri: s3://bucket/key", "--code stack-hello=PATH"),
        ("  Certificate:\n", "  Group2: {Type: AWS::Greengrass::Group}\n  Certificate:\n", "several groups"),
        ("ThingName: !Join ['_', [!Ref CoreName, Core]]", "ThingName: !Ref Thing", "in a circle"),
        ("!Ref Hello.Alias", "!Ref Hlelo.Alias", r"did you mean 'Hello'\?"),
        ("'${AWS::StackName}-hello'", "{a: b}", r"FunctionName.*Fn::Sub: must be a list of two values"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in TEMPLATE
    with pytest.raises(GroupError, match=problem):
        load(tmp_path, TEMPLATE.replace(old, new))


def test_an_unknown_parameter(tmp_path: Path) -> None:
    with pytest.raises(GroupError, match=r"no parameter 'CorName'; did you mean 'CoreName'\?"):
        load(tmp_path, CorName="x")


def test_without_a_group_all_definitions_count(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    lamp = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "lamp"}}
    arn = {"Fn::GetAtt": ["Lamp", "Arn"]}
    devices: Any = {
        "Type": "AWS::Greengrass::DeviceDefinition",
        "Properties": {"InitialVersion": {"Devices": [{"Id": "d", "ThingArn": arn, "CertificateArn": "c"}]}},
    }
    functions: Any = {
        "Type": "AWS::Greengrass::FunctionDefinition",
        "Properties": {
            "InitialVersion": {
                "Functions": [
                    {
                        "Id": "f",
                        "FunctionArn": {"Fn::Sub": "${F.Arn}:1"},
                        "FunctionConfiguration": {"Pinned": True},
                    }
                ]
            }
        },
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Code": "code", "Handler": "m.h"}}
    template = {"Resources": {"Lamp": lamp, "Devices": devices, "Functions": functions, "F": function}}
    group = load(tmp_path, json.dumps(template))
    assert group.devices[0].thing_arn.endswith(":thing/lamp")
    assert group.functions[0].function_arn == f"{ARN}:F:1"
    assert group.functions[0].local_path == str(tmp_path / "code")
    assert group.memory_kb(group.functions[0]) == 16384
