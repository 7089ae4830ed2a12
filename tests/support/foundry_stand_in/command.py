"""The stand-in's command: `command.py FOLDER ARGUMENTS...`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from state import CATALOG, State

CLOCK = "\U0001f55b"
LOCALISED = "Der Dienst l\xe4uft nicht. Bitte warten \u2026\n"


class Command:
    """One call."""

    def __init__(self, state: State, arguments: list[str]) -> None:
        self.state = state
        self.arguments = arguments
        self.json = "json" in arguments
        self.pace_s = float(state.read().get("pace_s", 0.01))

    def run(self) -> int:
        verb = " ".join(self.arguments[:2])
        if fault := self.fault(verb):
            return fault
        known = {
            "--version": self.version, "--help": self.help, "model --help": self.model_help,
            "model run": self.model_run, "model list": self.model_list, "model ls": self.model_list,
            "model info": self.model_info, "model download": self.model_download,
            "model load": self.model_load, "model unload": self.model_unload,
            "cache list": self.cache_list, "cache ls": self.cache_list,
            "cache location": self.cache_location, "cache cd": self.cache_cd,
            "cache remove": self.cache_remove, "cache rm": self.cache_remove,
        }  # fmt: skip
        group = "server" if self.state.preview else "service"
        if self.arguments[:1] == [group]:
            return getattr(self, f"service_{self.arguments[1]}")()
        if verb not in known:
            word = self.arguments[0] if self.arguments else ""
            self.say(f"Unrecognized command or argument '{word}'.")
            self.say("Hint: Run 'foundry --help' to see usage.")
            return 2 if self.state.preview else 1
        return known[verb]() or 0

    # Output

    def say(self, text: str, end: str = "\n") -> None:
        sys.stdout.buffer.write((text + end).encode())
        sys.stdout.buffer.flush()

    def document(self, value: Any) -> None:
        self.say(json.dumps(value, separators=(",", ":")))

    def fault(self, verb: str) -> int:
        """Do what a test asked to go wrong with this command; 0 where nothing."""
        try:
            faults = json.loads((self.state.folder / "faults.json").read_text())
        except (OSError, ValueError):
            return 0
        kind = faults.get(verb)
        if kind == "hang":
            self.say(f"{CLOCK} Downloading OpenVINOExecutionProvider [1/1]...", end="")
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            (self.state.folder / "hanging.pid").write_text(f"{os.getpid()} {child.pid}")
            time.sleep(600)
        if kind == "exit":
            self.say(
                "Exception: Request to local service failed. Uri:http://127.0.0.1:1/foundry/list"
            )
            self.say("\nThe made-up cause. (127.0.0.1:1)\n")
            self.say("Please check service status with 'foundry service status'.")
            return 3
        if kind == "garbage":
            sys.stdout.buffer.write(bytes(range(256)) * 64)
            return 1
        if kind == "ask":
            self.say("Are you sure? (y/n) ", end="")
            return 0 if sys.stdin.readline().strip() == "y" else 4
        if kind == "localised":
            sys.stdout.buffer.write(LOCALISED.encode("cp1252"))
            return 1
        if kind == "flood":
            for _ in range(30):
                sys.stdout.buffer.write(b"x" * 1024 * 1024)
            return 0
        return 0

    # Who it is

    def version(self) -> int:
        self.say(self.state.version + ("+abc123def0" if self.state.version == "0.8.94" else ""))
        return 0

    def help(self) -> int:
        group = "server" if self.state.preview else "service"
        self.say("Description:\n  Run generative AI models locally.\n\nCommands:")
        for name, text in (
            ("model", "Discover"),
            ("cache", "Manage"),
            (group, "Manage the service"),
        ):
            self.say(f"  {name:<8} {text}")
        return 0

    def model_help(self) -> int:
        self.say("Commands:\n  list, ls          List models\n  info <model>      Show details")
        self.say(
            "  download <model>  Download\n  load <model>      Load\n  unload <model>    Unload"
        )
        return 0

    # The service

    def running(self) -> bool:
        pid = self.state.read().get("pid")
        if not pid:
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return (
            Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
            if os.path.exists("/proc")
            else True
        )

    def ensure_service(self) -> None:
        if not self.running():
            self.start_process()
            if not self.state.preview:
                self.say(f"🟢 Service is Started on {self.url}/, PID {self.state.read()['pid']}!")

    @property
    def url(self) -> str:
        return str(self.state.read()["url"])

    def start_process(self) -> None:
        # Inherits our output, as the real daemon does: a pipe would never close.
        self.state.change(pid=None, url=None)
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("service.py")),
             str(self.state.folder), "0"],
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for _ in range(500):
            if self.state.read().get("url"):
                return
            time.sleep(0.01)
        raise SystemExit("the stand-in's service did not start")

    def end_process(self) -> None:
        if self.running():
            pid = self.state.read()["pid"]
            os.kill(pid, 15)
            for _ in range(500):
                if not self.running():
                    break
                time.sleep(0.01)
        self.state.change(pid=None, loaded=[])

    def service_status(self) -> int:
        running = self.running()
        if self.state.preview:
            known = self.state.read()
            value: dict[str, Any] = {
                "running": running,
                "state": "ready" if running else "not_running",
            }
            if known.get("url"):  # stale facts stay beside "running": false
                value |= {"pid": known["pid"] or 1, "webUrls": [known["url"]], "uptime": "7m 1s",
                          "logFile": str(self.state.folder / "daemon.log")}  # fmt: skip
            self.document(value)
        elif running:
            self.say(f"🟢 Model management service is running on {self.url}/openai/status")
            self.say("EP autoregistration status: Successfully downloaded and registered the "
                     "following EPs: CUDAExecutionProvider.")  # fmt: skip
            self.say("Valid EPs: CPUExecutionProvider, CUDAExecutionProvider")
        else:
            self.say("🔴 Model management service is not running!")
            self.say("To start the service, run the following command: foundry service start")
        return 0

    def service_start(self) -> int:
        self.ensure_service()
        if self.state.preview:
            self.say(f"● success: Server ready ({self.url})")
        else:
            time.sleep(600)  # `service start` of the real one never finishes communicating
        return 0

    def service_stop(self) -> int:
        self.end_process()
        if self.state.preview:
            self.document({"success": True, "message": "Server stopped."})
        else:
            self.say("🔴 Service is stopped.")
        return 0

    def service_restart(self) -> int:
        self.end_process()
        self.start_process()
        self.say(f"🟢 Service is Started on {self.url}/, PID {self.state.read()['pid']}!")
        return 0

    def service_diag(self) -> int:
        self.say("===================================================\n[System] a made-up machine")
        return 0

    def service_logs(self) -> int:
        self.say("[12:00:00 INF] a made-up line of the log")
        return 0

    def service_ps(self) -> int:
        self.ensure_service()
        loaded = [row for row in CATALOG if self.state.id_of(row) in self.state.loaded()]
        if not loaded:
            self.say("No models are currently loaded in the service")
            return 0
        self.say(f"Models running in service:\n    {'Alias':<31}Model ID")
        for row in loaded:
            self.say(f"🟢  {row['alias']:<31}{self.state.id_of(row)}")
        return 0

    # Models

    def model_list(self) -> int:
        self.ensure_service()
        if not self.state.preview:
            self.say("[10:50:17 ERR] Failed to process model #0 on page 1.")
            return self.table(CATALOG)
        self.say("Fetching [1/2] the catalog")  # chatter before the JSON
        rows = CATALOG
        if "--loaded" in self.arguments:
            rows = [row for row in CATALOG if self.state.id_of(row) in self.state.loaded()]
        variants = "--variants" in self.arguments
        items = []
        for row in rows:
            item: dict[str, Any] = {"alias": row["alias"], "type": "Chat", "fileSizeMb": row["mb"],
                                    "device": row["device"].capitalize(), "license": row["license"],
                                    "cached": self.state.is_cached(row)}  # fmt: skip
            if variants:
                item |= {"variantName": row["name"], "variantId": self.state.id_of(row),
                         "executionProvider": row["ep"]}  # fmt: skip
            else:
                item |= {"id": self.state.id_of(row), "displayName": row["name"],
                         "supportsToolCalling": row["tools"]}  # fmt: skip
            if variants or row["alias"] not in [one["alias"] for one in items]:
                items.append(item)
        self.document({"variants" if variants else "models": items})
        return 0

    def table(self, rows: list[dict[str, Any]]) -> int:
        width = 18 if self.state.version < "0.8.100" else 14
        self.say(f"{'Alias':<30} {'Device':<10} {'Task':<{width}} {'File Size':<12} "
                 f"{'License':<12} Model ID")  # fmt: skip
        self.say("-" * 95)
        last = None
        for row in rows:
            if last not in (None, row["alias"]):
                self.say("-" * 110)
            alias = row["alias"] if row["alias"] != last else ""
            last = row["alias"]
            task = "chat-completion" if width == 18 else "chat, tools" if row["tools"] else "chat"
            self.say(f"{alias:<30} {row['device']:<10} {task:<{width}} {row['mb']:>.2f} MB      "
                     f"{row['license']:<12} {self.state.id_of(row):<20}")  # fmt: skip
        return 0

    def model_info(self) -> int:
        row = self.state.find(self.arguments[2])
        return self.table([row]) if row else self.no_such(self.arguments[2])

    def no_such(self, name: str) -> int:
        if self.state.preview:
            self.say(f"● error: Model '{name}' was not found.")
        else:
            self.say(f"Exception: Model {name} was not found in the catalog")
        return 1

    def model_run(self) -> int:
        if "--help" in self.arguments:
            self.say("Options:\n  --verbose  Times")
            if self.state.version >= "0.8":
                self.say("  --retain   Keep other models")
            return 0
        self.ensure_service()
        row = self.state.find(self.arguments[2])
        if row is None:
            return self.no_such(self.arguments[2])
        if self.state.is_cached(row):
            self.say(f"Model {self.state.id_of(row)} was found in the local cache.")
        else:
            self.bar(row)
        self.say(f"{CLOCK} Loading model... ")
        time.sleep(self.pace_s)
        self.say("Time cost to load model: 00:00:00.2500000")
        loaded = self.state.loaded() if "--retain" in self.arguments else []
        self.state.change(loaded=[*loaded, self.state.id_of(row)])
        self.say(f"🟢 Model {self.state.id_of(row)} loaded successfully\n")
        self.say("Interactive Chat. Enter /? or /help for help.")
        self.say("Interactive mode, please enter your prompt\n> ", end="")
        sys.stdin.readline()  # nobody is there: the end of the input ends the chat
        return 0

    def bar(self, row: dict[str, Any]) -> None:
        self.say(f"Downloading {self.state.id_of(row)}...")
        self.state.put_on_disk(row, partial=True)
        for percent in range(0, 101, 4):
            cells = "#" * (percent * 36 // 100)
            self.say(f"[{cells:<36}] {percent:6.2f} % [Time remaining: about 3s]        12.5 MB/s",
                     end="\r")  # fmt: skip
            time.sleep(self.pace_s)
        self.say("")
        self.state.put_on_disk(row)

    def model_download(self) -> int:
        row = self.state.find(self.arguments[2])
        if row is None:
            return self.no_such(self.arguments[2])
        if self.state.is_cached(row):
            self.say(f"Model {self.state.id_of(row)} was found in the local cache.")
        else:
            self.bar(row)
        if not self.state.preview:
            self.say("\nTips:\n- To find model cache location use: foundry cache location")
        return 0

    def model_load(self) -> int:
        row = self.state.find(self.arguments[2])
        if row is None:
            return self.no_such(self.arguments[2])
        self.state.change(loaded=[*self.state.loaded(), self.state.id_of(row)])
        self.say(f"🟢 Model {row['alias']} loaded successfully")
        return 0

    def model_unload(self) -> int:
        return 0

    # The cache

    def cache_list(self) -> int:
        rows = [row for row in CATALOG if self.state.is_cached(row)]
        if self.state.preview:
            self.document({"models": [
                {"alias": row["alias"], "variantId": self.state.id_of(row), "cached": True}
                for row in rows]})  # fmt: skip
        elif not rows:
            self.say("No models cached on device")
        else:
            self.say(f"Models cached on device:\n   {'Alias':<50}Model ID")
            for row in rows:
                self.say(f"💾 {row['alias']:<50}{self.state.id_of(row)}")
        return 0

    def cache_location(self) -> int:
        if self.state.preview:
            self.document({"path": str(self.state.cache), "userSet": False})
        else:
            self.say(f"💾 Cache directory path: {self.state.cache}")
        return 0

    def cache_cd(self) -> int:
        self.state.change(cache=self.arguments[2])
        if self.state.preview:
            self.say("● success: Cache directory changed.")
            return 0
        self.say("Restarting service...\n🔴 Service is stopped.")
        return self.service_restart()

    def cache_remove(self) -> int:
        if len(self.arguments) < 3 or self.arguments[2].startswith("-"):
            shutil.rmtree(self.state.cache)  # as the real one: no model means all of them
            return 0
        row = self.state.find(self.arguments[2])
        if row is None or not self.state.is_cached(row):
            return self.no_such(self.arguments[2])
        if not {"--yes", "--force"} & set(self.arguments):
            self.say("Are you sure you want to delete this model? (y/n)")
            if sys.stdin.readline().strip() != "y":
                return 1
        shutil.rmtree(self.state.model_folder(row).parent)
        self.say(f"Deleted model {self.state.id_of(row)} from the cache.")
        return 0


def main() -> int:
    """Do what the arguments say."""
    state = State(Path(sys.argv[1]))
    with (state.folder / "calls.jsonl").open("a") as calls:
        call = {"arguments": sys.argv[2:], "no_proxy": os.environ.get("NO_PROXY", "")}
        calls.write(json.dumps(call) + "\n")
    return Command(state, sys.argv[2:]).run()


if __name__ == "__main__":
    sys.exit(main())
