"""Where the master key comes from."""

from api.configuration import Configuration
from api.failure import WrongConfiguration
from store.keys import LocalMasterKey, MasterKey, WrongMasterKey, read_or_make_master_key


def master_key(configuration: Configuration) -> MasterKey:
    """From the environment, or from a file that the first start makes."""
    if configuration.master_key is not None:
        return LocalMasterKey(configuration.master_key.get_secret_value())
    path = configuration.master_key_file or configuration.data_dir / "master.key"
    try:
        return LocalMasterKey(read_or_make_master_key(path))
    except WrongMasterKey:
        raise WrongConfiguration(f"{path} holds no master key: 32 bytes in base64") from None
    except OSError as error:
        raise WrongConfiguration(
            f"the master key at {path} can't be read or made: {error.strerror}"
        ) from None
