# Stands in front of every attack scene: says what was tried and how it ended, one line an attempt.
import ctypes as _ctypes
import errno as _errno
import json as _json
import os as _os
import signal as _signal

ATTACK = _json.loads(ATTACK_JSON)  # which the host puts in front
_libc = _ctypes.CDLL(None, use_errno=True)


def tell(name, outcome):
    """Write the line that the host counts; what was got is shown, so that a leak stands in the log."""
    _os.write(2, f"\n{ATTACK['nonce']} {name} = {outcome}\n".encode("utf-8", "backslashreplace")[:400])


def outcome_of(deed, *args):
    """Do the deed and say how it ended: `done`, `refused ERRNO`, `raised Type`."""
    try:
        got = deed(*args)
    except OSError as error:
        name = _errno.errorcode.get(error.errno) or type(error).__name__
        return f"refused {name}"
    except Killed as error:
        return f"killed {error}"
    except BaseException as error:
        return f"raised {type(error).__name__} {error}"
    return f"done {got!r:.200}"


def probe(name, *deeds):
    """Try every deed; one that is done makes the probe done, else the ways of refusal are named."""
    outcomes = [outcome_of(*deed) if isinstance(deed, tuple) else outcome_of(deed) for deed in deeds]
    worst = [one for one in outcomes if not one.startswith(("refused", "killed"))]
    if worst:
        tell(name, worst[0])
    else:
        tell(name, outcomes[0].split()[0] + " " + ",".join(sorted({one.split()[1] for one in outcomes})))


def call(name, *args):
    """Make a raw system call by name; its errno is raised."""
    number = ATTACK["numbers"].get(name, name) if isinstance(name, str) else name
    if isinstance(number, str):
        raise OSError(_errno.ENOSYS, f"this machine has no {name}")
    kept = [_ctypes.c_long(one) if isinstance(one, int) else one for one in args]
    got = _libc.syscall(_ctypes.c_long(number), *kept)
    if got < 0:
        raise OSError(_ctypes.get_errno(), name)
    return got


class Killed(Exception):
    """A child was ended by a signal."""


def in_child(deed, *args):
    """Do the deed in a child; its errno or its death comes back."""
    pid = _os.fork()
    if pid == 0:
        try:
            deed(*args)
        except OSError as error:
            _os._exit(error.errno or 255)
        except BaseException:
            _os._exit(254)
        _os._exit(0)
    status = _os.waitpid(pid, 0)[1]
    if _os.WIFSIGNALED(status):
        raise Killed(_signal.Signals(_os.WTERMSIG(status)).name)
    code = _os.WEXITSTATUS(status)
    if code == 254:
        raise RuntimeError("the child's deed went wrong")
    if code:
        raise OSError(code, "in a child")


def content(path, limit=4096):
    """Read a file; an empty one counts as masked."""
    with open(path, "rb") as file:
        found = file.read(limit)
    if not found:
        raise OSError(_errno.ENODATA, path)
    return found


def opened(path, flags=_os.O_WRONLY):
    """Open a path and close it again."""
    _os.close(_os.open(path, flags))
    return path


def ran(*argv):
    """Run a program; one that fails was refused."""
    import subprocess

    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    if done.returncode:
        raise OSError(_errno.EPERM, done.stderr.decode(errors="replace")[:80])
    return done.stdout[:80]
