"""A process and all that it starts -> a job object, which limits them, ends them together, and dies with us (Windows).

See "Job Objects" in Microsoft's documentation.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ACCOUNTING, EXTENDED_LIMITS = 1, 9
"""JobObjectBasicAccountingInformation, JobObjectExtendedLimitInformation."""
KILL_ON_CLOSE, FEW_PROCESSES, JOB_MEMORY = 0x2000, 0x0008, 0x0200
"""JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, _ACTIVE_PROCESS, _JOB_MEMORY."""
LIMITS = frozenset(("memory", "processes"))
"""The limits of a run (`limits.py`) that a job object can keep."""
CREATE_SUSPENDED = 0x00000004
PAUSE = 0.005


class JobObject:
    """Ends what is in it when it is closed, or when we die, since only we have it open."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        import ctypes

        self._ctypes: Any = ctypes
        self._kernel = self._ctypes.WinDLL("kernel32", use_last_error=True)
        self._kernel.CreateJobObjectW.restype = self._ctypes.c_void_p
        self._handle = self._ctypes.c_void_p(self._checked(self._kernel.CreateJobObjectW(None, None)))
        self._limit(limits or {})

    def _limit(self, limits: Mapping[str, int]) -> None:
        ctypes = self._ctypes

        class Limits(ctypes.Structure):  # type: ignore[name-defined,misc]
            """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

            _fields_ = (
                ("per_process_time", ctypes.c_int64),
                ("per_job_time", ctypes.c_int64),
                ("flags", ctypes.c_uint32),
                ("smallest_set", ctypes.c_size_t),
                ("largest_set", ctypes.c_size_t),
                ("processes", ctypes.c_uint32),
                ("affinity", ctypes.c_size_t),
                ("priority", ctypes.c_uint32),
                ("scheduling", ctypes.c_uint32),
                ("io_counters", ctypes.c_uint64 * 6),
                ("process_memory", ctypes.c_size_t),
                ("job_memory", ctypes.c_size_t),
                ("peak_process_memory", ctypes.c_size_t),
                ("peak_job_memory", ctypes.c_size_t),
            )

        wanted = Limits(flags=KILL_ON_CLOSE)
        if "memory" in limits:
            wanted.flags |= JOB_MEMORY
            wanted.job_memory = limits["memory"]
        if "processes" in limits:
            wanted.flags |= FEW_PROCESSES
            wanted.processes = limits["processes"]
        self._checked(
            self._kernel.SetInformationJobObject(
                self._handle, EXTENDED_LIMITS, ctypes.byref(wanted), ctypes.sizeof(wanted)
            )
        )

    def take(self, process: int) -> None:
        """Take a process in, by its handle, that was started suspended, and let it go on once it is in.

        Raises:
            OSError: the system does not allow it.
        """
        handle = self._ctypes.c_void_p(process)
        self._checked(self._kernel.AssignProcessToJobObject(self._handle, handle))
        # Undocumented, and used by debuggers since Windows XP: a thread's handle is not among what Popen keeps.
        self._ctypes.WinDLL("ntdll").NtResumeProcess(handle)

    def end(self) -> None:
        """End everything in it, and wait until the last is gone."""
        if not self._handle:
            return
        self._kernel.TerminateJobObject(self._handle, 1)
        while self._count():
            time.sleep(PAUSE)

    def close(self) -> None:
        """End everything in it, and let go of it; may be called more than once."""
        self.end()
        if self._handle:
            self._kernel.CloseHandle(self._handle)
            self._handle = self._ctypes.c_void_p()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    def _count(self) -> int:
        told = self._ctypes.create_string_buffer(48)
        self._checked(self._kernel.QueryInformationJobObject(self._handle, ACCOUNTING, told, 48, None))
        # JOBOBJECT_BASIC_ACCOUNTING_INFORMATION: four times, page faults, processes so far, and those now.
        return int.from_bytes(told.raw[40:44], "little")

    def _checked(self, result: Any) -> Any:
        if not result:
            raise OSError(0, str(self._ctypes.WinError(self._ctypes.get_last_error())))
        return result
