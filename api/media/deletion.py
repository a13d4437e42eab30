"""What was deleted leaves the storage as well: not at once, but surely."""

from datetime import timedelta

from store.blobs import Blobs
from store.outage import Outage
from store.run import JobHandler, RetryLater, Run

_STORAGE_IS_AWAY = timedelta(minutes=5)


def deletion(blobs: Blobs) -> JobHandler:
    """The handler of `store.media.DELETE_BLOBS`."""

    async def delete_blobs(run: Run) -> dict[str, int]:
        keys = run.body["keys"]
        try:
            for key in keys:
                await blobs.delete(key)
        except Outage:
            # However long that lasts: nothing may stay because we grew tired of asking.
            raise RetryLater(_STORAGE_IS_AWAY) from None
        return {"blobs": len(keys)}

    return delete_blobs
