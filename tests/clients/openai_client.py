"""The official openai client, unchanged, against a server: what it is told must be what it expects.

usage: openai_client.py BASE_URL [MODEL]
With OPENAI_API_KEY set that key is sent. Nothing here depends on what the model says, only on the shape of it.
"""

import json
import os
import sys
import urllib.error
import urllib.request

import openai

BASE = sys.argv[1].rstrip("/")
MODEL = sys.argv[2] if len(sys.argv) > 2 else "autodidact"
KEY = os.environ.get("OPENAI_API_KEY", "none")
QUESTION = [{"role": "user", "content": "12+34"}]
client = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=2, timeout=60)


def version():
    return client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1).system_fingerprint


def while_weights_stay(check):
    """A daemon that trains may change its weights between two requests that are compared."""

    def run():
        for _ in range(5):
            before = version()
            try:
                return check()
            except AssertionError:
                if version() == before:
                    raise
        raise AssertionError("the weights changed each time")

    run.__name__ = check.__name__
    return run


def models():
    names = [model.id for model in client.models.list()]
    assert MODEL in names, names
    for name in names:  # names with a slash too
        assert client.models.retrieve(name).id == name


def chat():
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=16, temperature=0)
    assert answer.id.startswith("chatcmpl-") and answer.model == MODEL and answer.object == "chat.completion"
    assert answer.system_fingerprint.startswith("v")
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and isinstance(choice.message.content, str)
    assert choice.finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.prompt_tokens > 0 and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 <= usage.prompt_tokens_details.cached_tokens <= usage.prompt_tokens


def content_parts():
    parts = [{"type": "text", "text": "12+34"}]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": parts}], max_completion_tokens=4)


@while_weights_stay
def stream_is_the_answer():
    settings = dict(model=MODEL, messages=QUESTION, max_tokens=16, temperature=0, seed=1)
    whole = client.chat.completions.create(**settings)
    text, roles, ends, usage = "", [], [], None
    for chunk in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **settings):
        if chunk.usage:
            usage = chunk.usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            roles += [choice.delta.role] if choice.delta.role else []
            ends += [choice.finish_reason] if choice.finish_reason else []
    assert text == whole.choices[0].message.content, (text, whole.choices[0].message.content)
    assert roles == ["assistant"] and ends == [whole.choices[0].finish_reason]
    assert usage.completion_tokens == whole.usage.completion_tokens


def several_choices():
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, n=3, max_tokens=8, seed=5)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


@while_weights_stay
def seeds():
    def texts(seed):
        answer = client.chat.completions.create(model=MODEL, messages=QUESTION, n=4, max_tokens=12, temperature=1, seed=seed)
        return [choice.message.content for choice in answer.choices]

    assert texts(7) == texts(7)


@while_weights_stay
def stops():
    settings = dict(model=MODEL, messages=QUESTION, max_tokens=16, temperature=0)
    text = client.chat.completions.create(**settings).choices[0].message.content
    if len(text) < 2:
        return
    cut = client.chat.completions.create(stop=[text[1]], **settings).choices[0]
    assert cut.message.content == text[: text.index(text[1])] and cut.finish_reason == "stop"
    streamed = ""
    for chunk in client.chat.completions.create(stop=text[1], stream=True, **settings):
        streamed += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    assert streamed == cut.message.content


def logprobs():
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=8, logprobs=True, top_logprobs=1)
    content = answer.choices[0].logprobs.content
    assert len(content) > 0
    for token in content:
        assert token.logprob <= 0 and bytes(token.bytes).decode(errors="replace") == token.token


@while_weights_stay
def completions():
    answer = client.completions.create(model=MODEL, prompt="12+34=", max_tokens=8, temperature=0)
    assert answer.object == "text_completion" and answer.id.startswith("cmpl-")
    text = "".join(chunk.choices[0].text for chunk in client.completions.create(
        model=MODEL, prompt="12+34=", max_tokens=8, temperature=0, stream=True))
    assert text == answer.choices[0].text
    many = client.completions.create(model=MODEL, prompt=["1+1=", "2+2="], max_tokens=2, n=2)
    assert [choice.index for choice in many.choices] == [0, 1, 2, 3]


@while_weights_stay
def echoed_logprobs():
    prompt = "12+34="
    answer = client.completions.create(model=MODEL, prompt=prompt, max_tokens=1, echo=True, logprobs=1, temperature=0)
    found = answer.choices[0].logprobs
    assert answer.choices[0].text.startswith(prompt)
    assert len(found.tokens) == len(found.token_logprobs) == len(found.top_logprobs) == len(found.text_offset)
    assert len(found.tokens) == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert found.token_logprobs[0] is None and all(value <= 0 for value in found.token_logprobs[1:])
    assert found.text_offset == sorted(found.text_offset)
    none = client.completions.create(model=MODEL, prompt=prompt, max_tokens=0, echo=True, logprobs=1)
    assert none.choices[0].text == prompt and none.usage.completion_tokens == 0
    assert none.choices[0].logprobs.tokens == found.tokens[: answer.usage.prompt_tokens]


def reasoning():
    request = {"reasoning": {"strategy": "majority:n=4", "budget_tokens": 512}}
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=64, extra_body=request)
    report = answer.model_extra["reasoning"]
    assert set(report) == {"confidence", "votes", "verifier_score", "strategy", "tokens_spent", "tokens_scored", "version",
                           "verifier", "abstained"}, report
    assert report["strategy"].startswith("majority") and 0 < report["tokens_spent"] <= 512
    assert "v%d" % report["version"] == answer.system_fingerprint
    assert all(0 <= vote["share"] <= 1 for vote in report["votes"])
    last = None
    for chunk in client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, extra_body=request):
        last = (chunk.model_extra or {}).get("reasoning", last)
    assert last and last["strategy"] == report["strategy"]


def fails(kind, code, **settings):
    try:
        client.chat.completions.create(**{"model": MODEL, "messages": QUESTION, **settings})
    except kind as error:
        assert code is None or error.code == code, (error.code, error.message)
        assert error.body["message"] and error.type
        return
    raise AssertionError("no error for %r" % settings)


def errors():
    fails(openai.NotFoundError, "model_not_found", model="gpt-4")
    fails(openai.BadRequestError, None, n=0)
    fails(openai.BadRequestError, None, temperature=-1)
    fails(openai.BadRequestError, "unsupported_parameter", tools=[{"type": "function", "function": {"name": "f"}}])
    fails(openai.BadRequestError, "unsupported_parameter", response_format={"type": "json_object"})
    fails(openai.BadRequestError, None, extra_body={"reasoning": {"strategy": "tea_leaves"}})
    fails(openai.BadRequestError, None, extra_body={"reasoning": {"budget_tokens": 0}})
    fails(openai.BadRequestError, None, extra_body={"reasoning": {"budget_tokens": 2**63}})
    fails(openai.BadRequestError, "context_length_exceeded", messages=[{"role": "user", "content": "1+" * 100000}])


def post(path, body):
    headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def feedback():
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=8)
    status, reply = post("/v1/feedback", {"id": answer.id, "correction": "46"})
    if status == 403:  # serve.learn_from_requests is off
        assert reply["error"]["type"] == "permission_error", reply
        return
    assert status == 200 and reply == {"ok": True}, reply
    status, reply = post("/v1/feedback", {"id": "chatcmpl-nobody", "accepted": True})
    assert status == 404 and reply["error"]["code"] == "not_found", reply


if __name__ == "__main__":
    for check in (models, chat, content_parts, stream_is_the_answer, several_choices, seeds, stops, logprobs, completions,
                  echoed_logprobs, reasoning, errors, feedback):
        check()
        print("ok", check.__name__, flush=True)
