"""Every secret that the group names must have a value in the file of secrets."""

from __future__ import annotations

from collections.abc import Iterator

from greengrass_sim.errors import GroupError, Problem
from greengrass_sim.group.model import Group
from greengrass_sim.secrets import CURRENT, load_secrets


def secret_problems(group: Group) -> Iterator[Problem]:
    """Secrets and staging labels without a value, and a file that cannot be used."""
    wanted = [(number, one.secret) for number, one in enumerate(group.resources) if one.secret is not None]
    if not wanted:
        return
    if group.secrets_file is None:
        yield f"$.Resources[{wanted[0][0]}]", "no file holds values of secrets: name one with --secrets FILE"
        return
    try:
        store = load_secrets(group.secrets_file)
    except GroupError as error:
        yield "", str(error)
        return
    for number, data in wanted:
        secret, path = store.find(data.arn), f"$.Resources[{number}]"
        if secret is None:
            yield path, f"{group.secrets_file} holds no value for the secret {data.arn}"
            continue
        for label in (CURRENT, *data.additional_staging_labels_to_download):
            if secret.version(label) is None:
                yield path, f"{group.secrets_file} holds no version {label} of the secret {data.arn}"
