"""What build servers do with our recipes, as far as the recipes go: their files read strictly, their
shell steps run as they would be, their logs read for commands."""
import os
import re
import subprocess

import yaml

from rows import Failed, expect, holds

LIMIT_S = 300


# ---- YAML ----

class Strict(yaml.SafeLoader):
    """Keys may stand once."""


def strict_map(loader, node, deep=True):
    keys = [loader.construct_object(k, deep=True) for k, _ in node.value]
    twice = {k for k in keys if keys.count(k) > 1}
    if twice:
        raise Failed(f"{node.start_mark}: twice {twice}")
    return dict(zip(keys, (loader.construct_object(v, deep=True) for _, v in node.value)))


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, strict_map)
# GitHub and GitLab read YAML 1.2: `on` is a word there.
Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:bool"]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Strict.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read_yaml(path):
    with open(path, encoding="utf-8") as f:
        documents = list(yaml.load_all(f, Loader=Strict))
    return documents[0] if len(documents) == 1 else documents


def only_keys(where, mapping, allowed, required=()):
    holds(f"{where} is no mapping", isinstance(mapping, dict))
    holds(f"{where}: unknown {sorted(set(mapping) - set(allowed))}", set(mapping) <= set(allowed))
    holds(f"{where}: lacks {sorted(set(required) - set(mapping))}", set(required) <= set(mapping))


# ---- shells ----

def run_shell(words, cwd, env):
    """(exit code, standard output, standard error), as text."""
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


# ---- GitHub ----

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)
COMMANDS = {"error", "warning", "notice", "group", "endgroup"}  # that ours may write


class Runner:
    """A composite action, step after step, as the runner of Actions does it."""

    def __init__(self, action, action_path, workspace, temporary, path):
        self.action, self.action_path, self.workspace = action, action_path, workspace
        self.temporary, self.path = temporary, path
        self.log, self.cached = "", None
        self.summary = os.path.join(temporary, "summary.md")

    def value(self, expression):
        """inputs.NAME, steps.ID.outputs.NAME: all that our files use."""
        words = expression.strip().split(".")
        if words[0] == "inputs" and len(words) == 2:
            return self.inputs[words[1]]
        if words[0] == "steps" and len(words) == 4 and words[2] == "outputs":
            return self.outputs.get(words[1], {}).get(words[3], "")
        raise Failed(f"an expression that is not known here: {expression}")

    def fill(self, text):
        return EXPRESSION.sub(lambda m: self.value(m[1]), text)

    def is_on(self, step):
        if "if" not in step:
            return True
        found = re.fullmatch(r"([\w.-]+) (==|!=) '(\w*)'", step["if"])
        holds(f"a condition that is not known here: {step['if']}", found)
        return (self.value(found[1]) == found[3]) == (found[2] == "==")

    def shell(self, number, step):
        files = {n: put(os.path.join(self.temporary, f"{n}-{number}"), "") for n in ("output", "path")}
        script = put(os.path.join(self.temporary, f"step-{number}.sh"), step["run"])
        env = {**self.environment, **{k: self.fill(v) for k, v in step.get("env", {}).items()},
               "PATH": ":".join([*reversed(self.added), self.path]), "GITHUB_ACTIONS": "true", "CI": "true",
               "GITHUB_WORKSPACE": self.workspace, "GITHUB_ACTION_PATH": self.action_path,
               "GITHUB_OUTPUT": files["output"], "GITHUB_PATH": files["path"],
               "GITHUB_STEP_SUMMARY": self.summary, "RUNNER_TEMP": self.temporary, "RUNNER_OS": "Linux"}
        code, out, err = run_shell(["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
                                   self.workspace, env)
        self.log += out + err
        with open(files["output"], encoding="utf-8") as f:
            lines = f.read().splitlines()
        holds(f"not name=value: {lines}", all(re.match(r"[\w-]+=", line) for line in lines))
        if "id" in step:
            self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
        with open(files["path"], encoding="utf-8") as f:
            self.added += f.read().splitlines()
        return code

    def run(self, inputs, environment=()):
        """The exit code of the action; its outputs are in `results`."""
        declared = self.action["inputs"]
        only_keys("with", inputs, declared)
        self.inputs = {**{k: v["default"] for k, v in declared.items()}, **inputs}
        self.environment = {"HOME": self.temporary, "LANG": "C.UTF-8", **dict(environment)}
        self.outputs, self.added, code = {}, [], 0
        put(self.summary, "")
        for number, step in enumerate(self.action["runs"]["steps"]):
            if code != 0 or not self.is_on(step):
                continue
            if "uses" in step:
                self.cached = {k: self.fill(v) for k, v in step["with"].items()}
            else:
                code = self.shell(number, step)
        self.results = {k: self.fill(v["value"]) for k, v in self.action["outputs"].items()}
        return code


def unescape(text):
    return re.sub("%(0A|0D|25|3A|2C)", lambda m: chr(int(m[1], 16)), text)


def log_commands(log):
    """[(name, properties, text)] of all that a runner of GitHub takes for a command: a line that
    begins with :: behind white space of any kind, or holds ##[ anywhere."""
    found = []
    for line in re.split("\r\n|\n|\r", log):
        line = line.strip()
        old = re.search(r"##\[(.*?)\]", line)
        if line.startswith("::") and line.find("::", 2) > 0:
            head, _, text = line[2:].partition("::")
            name, _, rest = head.partition(" ")
            found.append((name, dict((k, unescape(v)) for k, _, v in
                                     (p.partition("=") for p in rest.split(",") if p)), unescape(text)))
        elif old:
            found.append(("##" + old[1], {}, line))
    return found


# ---- GitLab ----

def over(base, top):
    """How `extends` lays a job over another: mappings are joined, all else is replaced."""
    if not isinstance(base, dict) or not isinstance(top, dict):
        return top
    return {**base, **{k: over(base[k], v) if k in base else v for k, v in top.items()}}


def gitlab_jobs(root, path):
    """All jobs with includes and extends resolved, hidden ones too; and the other keys."""
    document, jobs, others = read_yaml(os.path.join(root, path)), {}, {}
    for entry in document.get("include", []):
        only_keys("include", entry, ["local"], ["local"])
        jobs.update(gitlab_jobs(root, entry["local"])[0])
    for name, value in document.items():
        if name in ("include", "stages", "default", "workflow", "variables"):
            others[name] = value
        else:
            jobs[name] = value
    for name, job in jobs.items():
        if "extends" in job:
            jobs[name] = over(jobs[job["extends"]], job)
    return jobs, others


def gitlab_script(job):
    return "\n".join(job.get("before_script", []) + job["script"]) + "\n"


# ---- Jenkins ----

TOKEN = re.compile(r"""(?P<space>\s+|//[^\n]*)|'''(?P<long>.*?)'''|'(?P<single>[^'\n]*)'|"(?P<double>[^"\n]*)"
                   |(?P<number>\d+)|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|[{}()\[\]=:,.])""", re.S | re.X)
SECTIONS = {  # what declarative pipelines may have, by the block they stand in
    "pipeline": "agent options environment parameters triggers tools stages post",
    "stages": "stage",
    "stage": "agent when environment options input tools steps stages parallel post",
    "post": "always changed fixed regression aborted failure success unstable unsuccessful cleanup"}
STEPS = {"sh", "script", "junit", "archiveArtifacts", "unstable", "error", "echo"}


class Jenkins:
    """A Jenkinsfile, read and run: blocks, steps with arguments, and in `script` a variable, if and
    else. What else Groovy has is refused."""

    def __init__(self, text):
        self.tokens, at = [], 0
        while at < len(text):
            found = TOKEN.match(text, at)
            holds(f"not read: {text[at:at + 40]!r}", found)
            kind = found.lastgroup
            if kind != "space":
                self.tokens.append((kind, found[kind]))
            at = found.end()
        self.at, self.shell_steps = 0, []
        name, _, self.sections = self.block()
        expect("the outermost block", name, "pipeline")
        expect("tokens behind the pipeline", self.tokens[self.at:], [])
        self.check("pipeline", self.sections)

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, kind=None, text=None):
        token = self.peek()
        holds(f"{token} where {kind} {text or ''} should stand",
              (kind is None or token[0] == kind) and (text is None or token[1] == text))
        self.at += 1
        return token[1]

    def is_sign(self, text):
        return self.peek() == ("sign", text)

    def term(self):
        """A text, a number, a word; or a step in an expression: ("call", name, arguments)."""
        kind, text = self.peek()
        holds(f"{kind} {text} is no value", kind in ("long", "single", "double", "number", "word"))
        self.at += 1
        if kind == "word" and self.is_sign("("):
            return ("call", *self.call(text))
        return (kind, text)

    def call(self, name):
        holds(f"no step is named {name}", name in STEPS)
        arguments = self.parenthesis() if self.is_sign("(") else self.arguments()
        if name == "sh":
            self.shell_steps.append(arguments.get("script", arguments.get(None))[1])
        return name, arguments

    def argument(self):
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        if self.peek()[0] == "word" and following == ("sign", ":"):
            name = self.take("word")
            self.take("sign", ":")
            return name, self.term()
        return None, self.term()

    def arguments(self):
        found = [self.argument()]
        while self.is_sign(","):
            self.take()
            found.append(self.argument())
        return dict(found)

    def parenthesis(self):
        self.take("sign", "(")
        found = {} if self.is_sign(")") else self.arguments()
        self.take("sign", ")")
        return found

    def braces(self, entry):
        self.take("sign", "{")
        found = []
        while not self.is_sign("}"):
            found.append(entry())
        self.take("sign", "}")
        return found

    def block(self):
        """(name, arguments, entries)"""
        name = self.take("word")
        title = self.parenthesis() if self.is_sign("(") else {}
        if name in ("steps", "always", "script") or name in SECTIONS["post"].split():
            return name, title, self.braces(self.statement)
        if name == "environment":
            return name, title, self.braces(self.assignment)
        if name == "options":
            return name, title, self.braces(lambda: (self.take("word"), self.parenthesis(), []))
        if name == "agent" and not self.is_sign("{"):
            return name, {None: self.term()}, []
        return name, title, self.braces(self.block)

    def assignment(self):
        name = self.take("word")
        self.take("sign", "=")
        return name, self.term()

    def statement(self):
        name = self.take("word")
        if name == "script":
            return ("script", self.braces(self.statement))
        if name == "int":
            return ("set", *self.assignment())
        if name == "if":
            return ("if", *self.branch())
        return ("step", *self.call(name))

    def branch(self):
        self.take("sign", "(")
        condition = (self.take("word"), self.take("sign"), int(self.take("number")))
        self.take("sign", ")")
        then, otherwise = self.braces(self.statement), []
        if self.peek() == ("word", "else"):
            self.take()
            otherwise = [self.statement()] if self.peek() == ("word", "if") else self.braces(self.statement)
        return condition, then, otherwise

    def check(self, name, entries):
        allowed = SECTIONS.get(name)
        for entry in entries if allowed is not None else []:
            holds(f"{name} may not have {entry[0]}", entry[0] in allowed.split())
            self.check(entry[0], entry[2])

    def find(self, entries, name):
        found = [e for e in entries if e[0] == name]
        expect(f"blocks named {name}", len(found), 1)
        return found[0][2]

    # ---- the run ----

    def run(self, cwd, env):
        """SUCCESS, UNSTABLE or FAILURE; what `post` asks for stands in `kept`."""
        self.result, self.log, self.kept, self.cwd = "SUCCESS", "", [], cwd
        given = {n: v[1] for n, v in self.find(self.sections, "environment")}
        self.env = {**env, **given, "JENKINS_URL": "http://127.0.0.1/", "BUILD_NUMBER": "1", "WORKSPACE": cwd}
        stage = self.find(self.find(self.sections, "stages"), "stage")
        self.variables = {}
        try:
            self.steps(self.find(stage, "steps"))
        except StopIteration:
            self.result = "FAILURE"
        self.steps(self.find(self.find(stage, "post"), "always"))
        return self.result

    def steps(self, statements):
        for kind, *rest in statements:
            if kind == "script":
                self.steps(rest[0])
            elif kind == "set":
                self.variables[rest[0]] = self.step(*rest[1][1:])
            elif kind == "if":
                (name, sign, number), then, otherwise = rest
                self.steps(then if (self.variables[name] == number) == (sign == "==") else otherwise)
            else:
                self.step(*rest)

    def step(self, name, arguments):
        if name == "sh":
            script = arguments.get("script", arguments.get(None))[1]
            path = put(os.path.join(self.env["HOME"], "jenkins.sh"), script)
            code, out, err = run_shell(["sh", "-xe", path], self.cwd, self.env)
            self.log += out + err
            if arguments.get("returnStatus") == ("word", "true"):
                return code
            if code != 0:
                raise StopIteration
        elif name == "unstable":
            self.result = "UNSTABLE"
        elif name == "error":
            raise StopIteration
        elif name in ("junit", "archiveArtifacts"):
            self.kept.append((name, arguments))
        return None
