"""What a reaction may be: one Unicode emoji, or a `:shortcode:` whose picture the client knows.

The pattern follows the emoji sequences of Unicode's UTS #51 (section 1.4.9): key caps, flags, and
pictographs with their modifiers, tags and joiners. The blocks are named by their ranges, so that an
emoji of a later Unicode version is taken as well. It is made of literal characters because the
published schemas carry it too, and the dialects of regular expressions share no escape for them.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_KEY_CAP = "\u20e3"
_REGIONAL = "[\U0001f1e6-\U0001f1ff]"
_TAGS = "[\U000e0020-\U000e007e]+\U000e007f"
_SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"
_PICTOGRAPH = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_ELEMENT = f"{_PICTOGRAPH}(?:{_SKIN_TONE}|{_EMOJI_STYLE})?(?:{_TAGS})?"
_SHORTCODE = ":[A-Za-z0-9_+-]{1,62}:"

PATTERN = (
    f"^(?:{_SHORTCODE}|[0-9#*]{_EMOJI_STYLE}?{_KEY_CAP}|{_REGIONAL}{_REGIONAL}"
    f"|{_ELEMENT}(?:{_JOINER}{_ELEMENT})*)$"
)

Emoji = Annotated[
    str,
    StringConstraints(max_length=64, pattern=PATTERN),
    Field(
        description="One Unicode emoji or a `:shortcode:`, given back as it came.",
        examples=["❤️"],
    ),
]
