"""What a process that opens hostile files may still do: compute, and talk over the sockets it already has.

Limits on memory, processor time, files and processes hold wherever POSIX has them (macOS has no RLIMIT_AS). On Linux,
x86_64 and aarch64, a seccomp filter besides refuses to open any file, socket or process: a reader that was taken over
reaches neither the network nor the credentials in its parent's /proc entry, and cannot signal or outlive anybody.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import struct
from dataclasses import dataclass

_X86_64 = (
    # open, creat, openat, openat2, truncate, memfd_create
    *(2, 85, 257, 437, 76, 319),
    # socket, connect, accept, bind, listen, socketpair, accept4
    *(41, 42, 43, 49, 50, 53, 288),
    # clone, fork, vfork, execve, execveat, clone3
    *(56, 57, 58, 59, 322, 435),
    # kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open, pidfd_getfd
    *(62, 200, 234, 129, 297, 424, 434, 438),
    # ptrace, process_vm_readv, process_vm_writev, perf_event_open, userfaultfd, bpf, io_uring_*
    *(101, 310, 311, 298, 323, 321, 425, 426, 427),
    # rename, mkdir, rmdir, link, unlink, symlink, chmod,
    # mkdirat, unlinkat, renameat, linkat, symlinkat, fchmodat, renameat2
    *(82, 83, 84, 86, 87, 88, 90, 258, 263, 264, 265, 266, 268, 316),
    # setrlimit, prlimit64, mount, umount2, unshare, setns, add_key, request_key, keyctl, shmget, shmat
    *(160, 302, 165, 166, 272, 308, 248, 249, 250, 29, 30),
)
_AARCH64 = (
    *(56, 437, 45, 279),
    *(198, 203, 202, 200, 201, 199, 242),
    *(220, 221, 281, 435),
    *(129, 130, 131, 138, 240, 424, 434, 438),
    *(117, 270, 271, 241, 282, 280, 425, 426, 427),
    *(34, 35, 38, 37, 36, 53, 276),
    *(164, 261, 40, 39, 97, 268, 217, 218, 219, 194, 196),
)
_ARCHITECTURES = {"x86_64": (0xC000003E, _X86_64, 56), "aarch64": (0xC00000B7, _AARCH64, 220)}
_CLONE3 = 435  # on every architecture

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_OR_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_FIRST_ARGUMENT, _CLONE_THREAD = 16, 0x10000
_X32_CALLS = 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


@dataclass(frozen=True)
class Limits:
    """What one reading may use up, beside the bytes and requests that its source allows.

    `threads` lets it start threads of its own, never processes: libde265, which decodes HEIC, cannot do without.
    """

    memory_bytes: int = 512 << 20
    cpu_seconds: int = 10
    wall_seconds: float = 15.0
    threads: bool = False


def confine(limits: Limits) -> None:
    """Take the calling process's liberties away, for good. Open sockets stay usable."""
    for limit, value in (
        ("RLIMIT_AS", limits.memory_bytes),
        ("RLIMIT_CPU", limits.cpu_seconds),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 16),
        *([] if limits.threads else [("RLIMIT_NPROC", 0)]),  # it counts threads, too, but for root
    ):
        if hasattr(resource, limit):
            with contextlib.suppress(
                ValueError, OSError
            ):  # macOS refuses some, and may already have set lower ones
                # one second between soft and hard: SIGXCPU tells the parent why the reader ended
                hard = value + (limit == "RLIMIT_CPU")
                resource.setrlimit(getattr(resource, limit), (value, hard))
    _refuse_system_calls(threads=limits.threads)


def _refuse_system_calls(*, threads: bool) -> None:
    """Install the filter (seccomp(2), filter mode) where the kernel knows it; elsewhere the limits have to do."""
    if platform.system() != "Linux" or platform.machine() not in _ARCHITECTURES:
        return
    architecture, refused, clone = _ARCHITECTURES[platform.machine()]
    program = _filter(architecture, refused, clone if threads else None)
    count = len(program) // 8
    instructions = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", count, ctypes.addressof(instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0):
        code = ctypes.get_errno()
        if code not in {errno.EINVAL, errno.ENOSYS}:  # a kernel without filters
            raise OSError(code, os.strerror(code))


def _filter(architecture: int, refused: tuple[int, ...], clone: int | None) -> bytes:
    """The BPF program: another architecture's calls and those in `refused` get EPERM, all others pass.

    With the number of `clone`, that call passes when it makes a thread; clone3, whose flags a filter cannot see, looks
    unknown then, and the C library takes clone instead.
    """
    first = _threads_only(clone) if clone else []
    refused = tuple(number for number in refused if not clone or number not in {clone, _CLONE3})
    tests = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, len(first) + len(refused) + 3, architecture),
        (_LOAD, 0, 0, 0),
        (_JUMP_GREATER_OR_EQUAL, len(first) + len(refused) + 1, 0, _X32_CALLS),
        *first,
        *((_JUMP_EQUAL, len(refused) - i, 0, number) for i, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *test) for test in tests)


def _threads_only(clone: int) -> list[tuple[int, int, int, int]]:
    return [
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
        (_JUMP_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_SET, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
