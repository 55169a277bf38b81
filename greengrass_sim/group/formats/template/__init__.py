"""CloudFormation templates: what a stack would create of `AWS::Greengrass::*`, computed without AWS."""
