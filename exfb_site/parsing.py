"""How the API reads the JSON that it is sent."""

from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class FlatJsonParser(JSONParser):
    """Refuses what is nested so deep that reading it fails, as it refuses what is no JSON."""

    def parse(self, stream: IO[Any], *arguments: Any, **named: Any) -> Any:
        try:
            return super().parse(stream, *arguments, **named)
        except RecursionError:
            raise ParseError() from None
