"""The cache that all processes share: it counts requests, so that a limit holds however many serve them."""

import logging
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class SharedCache(RedisCache):
    """Redis; while it does not answer, the memory of this process, so that no request fails for its sake."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        own = {name: value for name, value in params.items() if name != "OPTIONS"}
        self._own = LocMemCache("while Redis is away", own)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError as error:
            return self._without(error).get(key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout, version)
        except RedisError as error:
            self._without(error).set(key, value, timeout, version)

    def clear(self) -> None:
        """Forget what this cache holds, and not, as Redis would, the broker's messages beside it."""
        client = self._cache.get_client(write=True)
        for key in client.scan_iter(f"{self.key_prefix}:*"):
            client.delete(key)

    def _without(self, error: RedisError) -> LocMemCache:
        logger.warning("requests are counted by each process alone: %s", type(error).__name__)
        return self._own
