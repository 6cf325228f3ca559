"""What those have in common who ask for a completion: the body is JSON with messages, and the words of the last one come back."""
import json
from typing import Any, NamedTuple


class Prompt(NamedTuple):
    """What was asked.

    Args:
        model: The name of the model.
        words: Those of the completion, each with the space before it.
        read: How many words there were in all messages.
        stream: The completion is to come in pieces.
        asked: All of the body.
    """

    model: str
    words: tuple[str, ...]
    read: int
    stream: bool
    asked: dict[str, Any]


def read_prompt(body: bytes | None) -> Prompt | str:
    """Read what was asked; a text: what is wrong with it."""
    try:
        asked = json.loads(body or b'')
    except ValueError:
        return 'We could not parse the JSON body of your request.'
    if not isinstance(asked, dict) or not isinstance(asked.get('model'), str):
        return 'you must provide a model parameter'
    messages = asked.get('messages')
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        return "Missing required parameter: 'messages'."
    said = [text_of(message.get('content')) for message in messages]
    words = f'You said: {said[-1]}'.split()
    spaced = tuple(f' {word}' if number else word for number, word in enumerate(words))
    return Prompt(asked['model'], spaced, sum(len(text.split()) for text in said), bool(asked.get('stream')), asked)


def text_of(content: Any) -> str:
    """Return the text of a message, which is one, or parts some of which have one."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return ' '.join(str(part['text']) for part in parts if isinstance(part, dict) and 'text' in part)
