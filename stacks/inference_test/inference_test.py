"""Asks a cluster one question with the OpenAI client and prints the answer as it comes.

Needs `pip install openai`. An API key is taken from OPENAI_API_KEY, as the client always does.
"""

import argparse
import os
import sys
import time

from openai import OpenAI, OpenAIError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("endpoint", nargs="?", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--model", help="default: the first one that the endpoint names")
    parser.add_argument("--question", default="Who is there?", help="default: %(default)s")
    arguments = parser.parse_args()
    # Most clusters ask for no key, but the client insists on one.
    key = os.environ.get("OPENAI_API_KEY", "none")
    client = OpenAI(base_url=f"{arguments.endpoint.rstrip('/')}/v1", api_key=key, timeout=120, max_retries=0)
    try:
        model = arguments.model or next(iter(client.models.list())).id
        print(f"{arguments.endpoint} serves '{model}'", file=sys.stderr)
        return 0 if ask(client, model, arguments.question) else 1
    except (OpenAIError, StopIteration) as error:
        print(f"error: {arguments.endpoint}: {error or 'it names no model'}", file=sys.stderr)
        return 1


def ask(client: OpenAI, model: str, question: str) -> bool:
    """Print the answer piece by piece. Whether there was one."""
    started = time.monotonic()
    first: float | None = None
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        max_tokens=64,
        temperature=0,
        stream=True,
    )
    for chunk in stream:
        text = chunk.choices[0].delta.content if chunk.choices else None
        if text:
            first = first or time.monotonic() - started
            print(text, end="", flush=True)
    print()
    if first is None:
        print("error: the answer is empty", file=sys.stderr)
        return False
    took = time.monotonic() - started
    print(f"first text after {first:.2f} s, all after {took:.2f} s", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main())
