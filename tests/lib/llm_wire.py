"""What the two providers' wire formats are made of, for the stand-in of llm.py: the Anthropic Messages
API and OpenAI's chat completions. Judges a request as strictly as either does, or more so; gives what
it asks in one shape for both; writes answers as server-sent events. No sockets here."""
import json
import re
import time
import uuid

ANTHROPIC, OPENAI = "anthropic", "openai"
PATHS = {"/v1/messages": ANTHROPIC, "/v1/chat/completions": OPENAI}
VERSIONS = ("2023-06-01", "2026-10-21")  # the same in everything that is used here
KEYS = {ANTHROPIC: "sk-ant-test-" + "k3yK" * 12, OPENAI: "sk-proj-test-" + "k3yK" * 12}

TOP = {ANTHROPIC: {"model", "messages", "max_tokens", "system", "metadata", "stop_sequences", "stream",
                   "temperature", "top_p", "top_k", "tool_choice", "tools", "thinking",
                   "service_tier", "cache_control", "output_config"},
       OPENAI: {"model", "messages", "max_completion_tokens", "max_tokens", "metadata", "n",
                "parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "safety_identifier",
                "seed", "service_tier", "stop", "store", "stream", "stream_options", "temperature",
                "tool_choice", "tools", "top_p", "user"}}
NAME = {ANTHROPIC: re.compile(r"[a-zA-Z0-9_-]{1,128}"), OPENAI: re.compile(r"[a-zA-Z0-9_-]{1,64}")}
CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,256}")
PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
TOOLS_MAX, CACHE_MARKS_MAX = 128, 4

ERRORS = {  # status: (Anthropic's type, OpenAI's type, OpenAI's code, what is said)
    400: ("invalid_request_error", "invalid_request_error", None, "messages: something is wrong"),
    401: ("authentication_error", "invalid_request_error", "invalid_api_key", "invalid x-api-key"),
    403: ("permission_error", "permission_error", None, "not for this key"),
    404: ("not_found_error", "invalid_request_error", "model_not_found", "model: no such model"),
    413: ("request_too_large", "invalid_request_error", None, "Request exceeds the maximum size"),
    429: ("rate_limit_error", "rate_limit_error", "rate_limit_exceeded", "Rate limit reached"),
    500: ("api_error", "server_error", None, "Internal server error"),
    503: ("api_error", "server_error", None, "The engine is currently overloaded"),
    529: ("overloaded_error", "server_error", None, "Overloaded"),
}
TOO_LONG = {ANTHROPIC: "prompt is too long: 212345 tokens > 200000 maximum",
            OPENAI: "This model's maximum context length is 128000 tokens. However, your messages"
                    " resulted in 212345 tokens. Please reduce the length of the messages."}
STOPS = {"end": ("end_turn", "stop"), "calls": ("tool_use", "tool_calls"),
         "length": ("max_tokens", "length"), "refused": ("refusal", "content_filter")}


def error_body(api, status, message=None, context=False):
    """What the provider says beside a status that is no 200."""
    theirs, ours, code, said = ERRORS[status]
    said = message or (TOO_LONG[api] if context else said)
    if api == ANTHROPIC:
        return {"type": "error", "error": {"type": theirs, "message": said},
                "request_id": "req_" + uuid.uuid4().hex}
    return {"error": {"message": said, "type": ours, "param": "messages" if context else None,
                      "code": "context_length_exceeded" if context else code}}


def models(api, model):
    """Which models there are."""
    one = {"id": model or "any", "created": 1700000000, "object": "model", "owned_by": "somebody"}
    if api == OPENAI:
        return {"object": "list", "data": [one]}
    return {"data": [{"type": "model", "id": one["id"], "display_name": "Some model",
                      "created_at": "2026-01-01T00:00:00Z"}],
            "has_more": False, "first_id": one["id"], "last_id": one["id"]}


class Judge:
    """The complaints about one request."""

    def __init__(self, api, headers, body):
        self.api, self.headers, self.body, self.wrong = api, headers, body, []

    def need(self, good, sentence):
        if not good:
            self.wrong.append(sentence)
        return good

    def members(self, where, got, known):
        """No member is unknown; whether it is an object at all."""
        if not self.need(isinstance(got, dict), f"{where}: no object"):
            return False
        self.need(set(got) <= set(known), f"{where}: unknown members {set(got) - set(known)}")
        return True

    def text(self, where, got):
        return self.need(isinstance(got, str) and got.strip(), f"{where}: text that is empty or none")

    def schema(self, where, schema):
        if not self.need(isinstance(schema, dict) and schema.get("type") == "object",
                         f"{where}: the schema of a tool's arguments is an object's"):
            return
        for word in ("oneOf", "anyOf", "allOf"):
            self.need(word not in schema, f"{where}: {word} at the top of a schema")
        for name in schema.get("properties", {}):
            self.need(PROPERTY.fullmatch(name), f"{where}: a property called {name!r}")
        self.need(set(schema.get("required", [])) <= set(schema.get("properties", {})),
                  f"{where}: requires what is no property")

    def answered(self, where, owed, got):
        """Each call has exactly one result, and there is no result of no call."""
        self.need(sorted(owed) == sorted(got), f"{where}: results of {sorted(got)} where"
                  f" {sorted(owed)} are owed")

    def all(self, model):
        body = self.body
        if not self.members("the body", body, TOP[self.api]):
            return self.wrong
        self.need(self.headers.get("content-type", "").split(";")[0] == "application/json",
                  "the type of the body is not application/json")
        self.need(body.get("stream") is True, "it is not asked to stream")
        self.need(model is None or body.get("model") == model,
                  f"the model is {body.get('model')!r}, not the one configured")
        if not self.need(isinstance(body.get("messages"), list) and body["messages"],
                         "no messages"):
            return self.wrong
        for where, tool in enumerate(body.get("tools", [])):
            self.need(isinstance(tool, dict), f"tools/{where}: no object")
        self.need(body.get("tools", None) != [], "tools: empty, which wants none said at all")
        (self.anthropic if self.api == ANTHROPIC else self.openai)(body)
        return self.wrong

    def names(self, where, names):
        self.need(len(set(names)) == len(names), f"{where}: a tool twice")
        self.need(len(names) <= TOOLS_MAX, f"{where}: more than {TOOLS_MAX}")
        for name in names:
            self.need(isinstance(name, str) and NAME[self.api].fullmatch(name),
                      f"{where}: a tool called {name!r}")

    # Anthropic

    def mark(self, where, block):
        """A cache_control, which is counted over the whole request."""
        if "cache_control" not in block:
            return
        self.marks += 1
        mark = block["cache_control"]
        self.need(isinstance(mark, dict) and mark.get("type") == "ephemeral"
                  and set(mark) <= {"type", "ttl"}, f"{where}: a cache_control of {mark}")

    def anthropic(self, body):
        self.marks = 0
        self.need(self.headers.get("anthropic-version") in VERSIONS,
                  f"anthropic-version is none of {VERSIONS}")
        self.need(not ("authorization" in self.headers and "x-api-key" in self.headers),
                  "Authorization beside x-api-key")
        self.need(isinstance(body.get("max_tokens"), int) and body["max_tokens"] > 0,
                  "max_tokens is no positive number")
        system = body.get("system", "-")
        for i, block in enumerate(system if isinstance(system, list) else
                                  [{"type": "text", "text": system}]):
            if self.members(f"system/{i}", block, ("type", "text", "cache_control")):
                self.text(f"system/{i}", block.get("text"))
                self.mark(f"system/{i}", block)
        for i, tool in enumerate(body.get("tools", [])):
            where = f"tools/{i}"
            if self.members(where, tool, ("type", "name", "description", "input_schema",
                                          "cache_control", "strict")):
                self.schema(where, tool.get("input_schema"))
                self.mark(where, tool)
        self.names("tools", [t.get("name") for t in body.get("tools", [])])
        owed = []
        for i, message in enumerate(body["messages"]):
            owed = self.anthropic_message(f"messages/{i}", message, ("user", "assistant")[i % 2],
                                          owed)
        self.need(len(body["messages"]) % 2 == 1, "the last message is not the user's")
        self.mark("the body", body)
        self.need(self.marks <= CACHE_MARKS_MAX, f"{self.marks} cache marks")

    def anthropic_message(self, where, message, role, owed):
        """What the next message owes: the ids of this one's calls."""
        if not self.members(where, message, ("role", "content")):
            return []
        self.need(message.get("role") == role, f"{where}: a {message.get('role')}'s where a {role}'s"
                  " is due")
        blocks = message.get("content")
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        if not self.need(isinstance(blocks, list) and blocks, f"{where}: no content"):
            return []
        kinds = [b.get("type") for b in blocks]
        known = {"user": {"text", "tool_result"}, "assistant": {"text", "tool_use"}}[role]
        self.need(set(kinds) <= known, f"{where}: blocks of {set(kinds) - known}")
        self.need(kinds == sorted(kinds, key=lambda k: k == "text") or role == "assistant",
                  f"{where}: text before results")
        for i, block in enumerate(blocks):
            self.block(f"{where}/content/{i}", block)
        self.answered(where, owed, [b.get("tool_use_id") for b in blocks
                                    if b.get("type") == "tool_result"])
        ids = [b.get("id") for b in blocks if b.get("type") == "tool_use"]
        self.need(len(set(ids)) == len(ids), f"{where}: two calls of one id")
        return ids

    def block(self, where, block):
        self.mark(where, block)
        kind = block.get("type")
        if kind == "text":
            self.members(where, block, ("type", "text", "cache_control"))
            self.text(where, block.get("text"))
        elif kind == "tool_use":
            self.members(where, block, ("type", "id", "name", "input", "cache_control"))
            self.need(isinstance(block.get("input"), dict), f"{where}: input is no object")
            self.need(CALL_ID.fullmatch(str(block.get("id"))), f"{where}: an id of {block.get('id')}")
            self.names(where, [block.get("name")])
        elif kind == "tool_result":
            self.members(where, block, ("type", "tool_use_id", "content", "is_error",
                                        "cache_control"))
            content = block.get("content", "")
            for part in content if isinstance(content, list) else []:
                self.text(where, part.get("text"))
            self.need(isinstance(content, (str, list)), f"{where}: content of neither kind")
            self.need(isinstance(block.get("is_error", False), bool), f"{where}: is_error is no bool")

    # OpenAI

    def openai(self, body):
        self.need("x-api-key" not in self.headers and "anthropic-version" not in self.headers,
                  "headers of the other API")
        self.need(not ("max_tokens" in body and "max_completion_tokens" in body), "both max_tokens")
        limit = body.get("max_tokens", body.get("max_completion_tokens", 1))
        self.need(isinstance(limit, int) and limit > 0, "max_tokens is no positive number")
        self.need(body.get("stream_options") in (None, {"include_usage": True}),
                  f"stream_options of {body.get('stream_options')}")
        names = []
        for i, tool in enumerate(body.get("tools", [])):
            where = f"tools/{i}"
            self.members(where, tool, ("type", "function"))
            self.need(tool.get("type") == "function", f"{where}: no function")
            function = tool.get("function")
            if self.members(where, function, ("name", "description", "parameters", "strict")):
                names.append(function.get("name"))
                self.schema(where, function.get("parameters"))
        self.names("tools", names)
        owed, before = [], None
        for i, message in enumerate(body["messages"]):
            owed = self.openai_message(f"messages/{i}", message, before, owed)
            before = message.get("role") if isinstance(message, dict) else None
        self.need(not owed and before in ("user", "tool"), f"the last message leaves {owed} owed")

    def openai_message(self, where, message, before, owed):
        """The ids of calls that the messages after it still owe results of."""
        role = message.get("role")
        known = {"system": (), "developer": (), "user": (), "assistant": ("tool_calls", "refusal"),
                 "tool": ("tool_call_id",)}
        if not self.need(role in known, f"{where}: a role of {role}"):
            return []
        self.members(where, message, ("role", "content", *known[role]))
        content = message.get("content")
        if isinstance(content, list):
            content = "".join(p.get("text", "") for p in content)
        if role == "tool":
            self.need(isinstance(content, str), f"{where}: a result without content")
            self.need(message.get("tool_call_id") in owed, f"{where}: a result of"
                      f" {message.get('tool_call_id')}, which nobody owes")
            return [i for i in owed if i != message.get("tool_call_id")]
        self.need(not owed, f"{where}: {owed} are not answered yet")
        follows = {"system": (None,), "developer": (None,), "user": (None, "system", "developer",
                   "assistant", "tool"), "assistant": ("user", "tool")}
        self.need(before in follows[role], f"{where}: a {role}'s after a {before}'s")
        calls = message.get("tool_calls", [])
        self.need("tool_calls" not in message or calls, f"{where}: tool_calls, and none in it")
        if not calls or content is not None:
            self.text(where, content)
        for call in calls:
            self.call(where, call)
        ids = [c.get("id") for c in calls]
        self.need(len(set(ids)) == len(ids), f"{where}: two calls of one id")
        return ids

    def call(self, where, call):
        self.members(where, call, ("id", "type", "function"))
        self.need(call.get("type") == "function", f"{where}: a call of no function")
        function = call.get("function", {})
        self.members(where, function, ("name", "arguments"))
        self.names(where, [function.get("name")])
        try:  # what local servers' templates and Gemini insist on
            good = isinstance(json.loads(function.get("arguments")), dict)
        except (TypeError, ValueError):
            good = False
        self.need(good, f"{where}: arguments that are no object's text")


class Ask:
    """A request in one shape for both APIs. messages: [{role, text, calls, results}]."""

    def __init__(self, api, body):
        self.api, self.body, self.model = api, body, body.get("model")
        read = self.of_anthropic if api == ANTHROPIC else self.of_openai
        self.system, self.messages, self.tools = read(body)

    @staticmethod
    def of_anthropic(body):
        system = body.get("system", "")
        if isinstance(system, list):
            system = "\n".join(b["text"] for b in system)
        messages = []
        for m in body["messages"]:
            blocks = m["content"] if isinstance(m["content"], list) else [
                {"type": "text", "text": m["content"]}]
            results = [{"id": b["tool_use_id"], "error": b.get("is_error", False),
                        "text": b.get("content", "") if isinstance(b.get("content", ""), str)
                        else "".join(p["text"] for p in b["content"])}
                       for b in blocks if b["type"] == "tool_result"]
            text = "".join(b["text"] for b in blocks if b["type"] == "text")
            if results and text:  # what is said beside results is a message of its own, as OpenAI has it
                messages.append({"role": "user", "text": "", "calls": [], "results": results})
                results = []
            messages.append({
                "role": m["role"], "text": text, "results": results,
                "calls": [{"id": b["id"], "name": b["name"], "arguments": b["input"]}
                          for b in blocks if b["type"] == "tool_use"]})
        return system, messages, {t["name"]: t for t in body.get("tools", [])}

    @staticmethod
    def of_openai(body):
        system, messages = "", []
        for m in body["messages"]:
            content = m.get("content") or ""
            if isinstance(content, list):
                content = "".join(p.get("text", "") for p in content)
            if m["role"] in ("system", "developer"):
                system += content
            elif m["role"] == "tool":
                result = {"id": m["tool_call_id"], "text": content, "error": None}
                if messages[-1]["results"]:
                    messages[-1]["results"].append(result)
                else:
                    messages.append({"role": "user", "text": "", "calls": [], "results": [result]})
            else:
                messages.append({"role": m["role"], "text": content, "results": [], "calls": [
                    {"id": c["id"], "name": c["function"]["name"],
                     "arguments": json.loads(c["function"]["arguments"])}
                    for c in m.get("tool_calls", [])]})
        return system, messages, {t["function"]["name"]: t["function"]
                                  for t in body.get("tools", [])}

    @property
    def said(self):
        """What the person said last."""
        return next((m["text"] for m in reversed(self.messages)
                     if m["role"] == "user" and m["text"]), "")

    @property
    def results(self):
        """Of the calls that were made last: what the tools gave, in the order told."""
        return self.messages[-1]["results"]

    @property
    def steps(self):
        """Answers of the model since the person last said something."""
        n = 0
        for m in reversed(self.messages):
            if m["role"] == "user" and m["text"] and not m["results"]:
                break
            n += m["role"] == "assistant"
        return n


def usage_of(turn, n_out):
    told = dict(input=120, output=max(n_out, 1), cache_read=0, cache_write=0)
    told.update(turn.usage or {})
    return told


def fragments(call):
    """The text of a call's arguments in as many pieces as it wants, one at least."""
    text = call.arguments
    if not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=call.ascii)
    size = max(1, -(-len(text) // max(1, call.fragments)))
    return [text[i:i + size] for i in range(0, len(text), size)] or [""]


def anthropic_events(turn, model, end):
    """(stage, bytes) of each event, one after the other: "start", "text", "call", "stop"."""
    def event(name, **more):
        data = json.dumps(dict({"type": name}, **more), ensure_ascii=turn.ascii)
        return f"event: {name}{end}data: {data}{end}{end}".encode()
    use = usage_of(turn, 0)
    yield "start", event("message_start", message={
        "id": "msg_" + uuid.uuid4().hex[:24], "type": "message", "role": "assistant", "model": model,
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": use["input"], "cache_creation_input_tokens": use["cache_write"],
                  "cache_read_input_tokens": use["cache_read"], "output_tokens": 1,
                  "service_tier": "standard"}})
    at, n = 0, 0
    if "unknown" in turn.quirks:  # "new event types may be added": a client goes on
        yield "start", event("content_block_start", index=0, content_block={
            "type": "thinking", "thinking": "", "signature": ""})
        yield "start", event("content_block_delta", index=0, delta={
            "type": "thinking_delta", "thinking": "hm"})
        yield "start", event("content_block_delta", index=0, delta={
            "type": "signature_delta", "signature": "c2ln"})
        yield "start", event("content_block_stop", index=0)
        yield "start", event("something_of_next_year", index=7)
        at = 1
    for piece in turn.pieces():
        if n == 0:
            yield "start", event("content_block_start", index=at,
                                 content_block={"type": "text", "text": ""})
            yield "start", event("ping")
        n += 1
        yield "text", event("content_block_delta", index=at,
                            delta={"type": "text_delta", "text": piece})
    if n:
        yield "stop", event("content_block_stop", index=at)
        at += 1
    for i, call in enumerate(turn.calls, at):
        yield "call", event("content_block_start", index=i, content_block={
            "type": "tool_use", "id": call.id, "name": call.name, "input": {}})
        for piece in ["", *fragments(call)]:
            yield "call", event("content_block_delta", index=i,
                                delta={"type": "input_json_delta", "partial_json": piece})
        yield "stop", event("content_block_stop", index=i)
    use = usage_of(turn, n)
    yield "stop", event("message_delta", delta={"stop_reason": STOPS[turn.stop][0],
                                                "stop_sequence": None, "stop_details": None},
                        usage={"input_tokens": use["input"], "output_tokens": use["output"],
                               "cache_creation_input_tokens": use["cache_write"],
                               "cache_read_input_tokens": use["cache_read"]})
    yield "stop", event("message_stop")


def openai_events(turn, model, end):
    """(stage, bytes) of each chunk. The turn's quirks are those of local servers."""
    head = {"id": "chatcmpl-" + uuid.uuid4().hex[:24], "object": "chat.completion.chunk",
            "created": int(time.time()), "model": model, "system_fingerprint": "fp_test"}

    def chunk(delta, finish=None, **more):
        choices = [] if delta is None else [
            {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        data = json.dumps(dict(head, choices=choices, **more), ensure_ascii=turn.ascii)
        return f"data: {data}{end}{end}".encode()
    if "comments" in turn.quirks:
        yield "start", f": keep-alive{end}{end}".encode()
    yield "start", chunk({"role": "assistant", "content": "" if not turn.calls else None})
    n = 0
    for piece in turn.pieces():
        n += 1
        yield "text", chunk({"content": piece})
    for i, call in enumerate(turn.calls):
        pieces = fragments(call)
        if "whole calls" in turn.quirks:
            yield "call", chunk({"tool_calls": [{"index": i, "id": call.id, "type": "function",
                                                 "function": {"name": call.name,
                                                              "arguments": "".join(pieces)}}]})
            continue
        yield "call", chunk({"tool_calls": [{"index": i, "id": call.id, "type": "function",
                                             "function": {"name": call.name, "arguments": ""}}]})
        for piece in pieces:
            yield "call", chunk({"tool_calls": [{"index": i, "function": {"arguments": piece}}]})
    finish = STOPS[turn.stop][1]
    yield "stop", chunk({}, "stop" if "stop for calls" in turn.quirks else finish)
    use = usage_of(turn, n)
    if "no usage" not in turn.quirks:
        yield "stop", chunk(None, usage={
            "prompt_tokens": use["input"] + use["cache_read"], "completion_tokens": use["output"],
            "total_tokens": use["input"] + use["cache_read"] + use["output"],
            "prompt_tokens_details": {"cached_tokens": use["cache_read"]}})
    if "no done" not in turn.quirks:
        yield "stop", f"data: [DONE]{end}{end}".encode()


def error_event(api, status, message, end):
    """What comes into a stream that fails at the provider."""
    body = error_body(api, status, message)
    body.pop("request_id", None)
    name = f"event: error{end}" if api == ANTHROPIC else ""
    return f"{name}data: {json.dumps(body)}{end}{end}".encode()
