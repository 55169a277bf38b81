"""What Greengrass SDKs import and only a core supplies: the environment, the fields of an ARN, versions."""
