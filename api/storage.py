"""Where blobs are kept: a bucket if one is configured, else a folder beside the other data."""

from api.configuration import Configuration
from store.blobs.folder import FolderBlobs
from store.blobs.s3 import Bucket, S3Blobs


def storage(configuration: Configuration) -> FolderBlobs | S3Blobs:
    name, access_key = configuration.s3_bucket, configuration.s3_access_key
    secret_key = configuration.s3_secret_key
    if name is None or access_key is None or secret_key is None:
        return FolderBlobs(configuration.data_dir / "blobs")
    return S3Blobs(
        Bucket(
            name,
            access_key=access_key.get_secret_value(),
            secret_key=secret_key.get_secret_value(),
            region=configuration.s3_region,
            endpoint=configuration.s3_endpoint,
        )
    )
